"""Q-09: reads a price as people and machines write it, and stores it as a decimal.

Decides which sign is the decimal one. Refuses to guess at words ("call", "from 5"),
and says so where a price can be read in two ways.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from moderation.standardise.currency import CODES, currencies_of
from moderation.standardise.notes import Notes

WHOLE_UNITS = frozenset({"CLP", "JPY", "KRW", "VND"})  # stored without decimals
MAX_PRICE = Decimal(10) ** 15

_WELL_FORMED = re.compile(r"[0-9]+(?:\.[0-9]{1,3})?")
_LONGEST_PRICE = 100  # characters; a price with its currency is never longer
_MINUS = frozenset("-−–—(")

_PLAIN = re.compile(r"[0-9]+")
_SCIENTIFIC = re.compile(r"([0-9]+(?:[.,][0-9]*)?)[eE]([+-]?[0-9]{1,3})")
_ONE_SIGN = re.compile(r"([0-9]+)([.,])([0-9]+)")
# Groups of three; after the first sign also of two, as India writes.
_GROUPED = re.compile(r"[0-9]{1,3}([., '])(?:[0-9]{2,3}\1)*[0-9]{3}")
_GROUPED_DECIMAL = re.compile(
    r"([0-9]{1,3}([., '])(?:[0-9]{2,3}\2)*[0-9]{3})(?!\2)[.,]([0-9]+)"
)
# "12,-", "12.--", "500/-": whole units, as shops write them.
_WHOLE_ENDING = re.compile(r"(?:[.,][-–—]{1,2}|/-|[.,])")

# ".5" and "$.99"; after a letter ("Rs.500") the dot belongs to the word.
_LEADING_POINT = re.compile(r"(?:^|[^\w\s/])\s*\.$")
_THOUSANDS_OR_DECIMALS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")

_UNREADABLE = (
    "Write the price as digits with a point before the decimals, such as 24.90."
)


class Unreadable(ValueError):
    """A text that is no price, with the sentence that says how to write one."""


@dataclass(frozen=True, slots=True)
class ReadPrice:
    """A price as read: its amount, what currency its signs can mean, any doubt."""

    amount: Decimal
    well_formed: bool
    currencies: frozenset[str] | None  # None: no sign stands beside the digits
    two_readings: bool = False


def standard_price(raw: str, currency: str, notes: Notes) -> str:
    """Return the price with two decimals, or none where the currency has none.

    Args:
        raw: the price as sent; not blank.
        currency: the ISO 4217 code after Q-10, or what was sent if that is none.
        notes: where the change, a refusal (Q-09) and questions go.
    """
    try:
        read = read_price(raw)
        places = 0 if currency in WHOLE_UNITS else 2
        amount = _rounded(read.amount, places)
    except Unreadable as problem:
        notes.refuse("Q-09", "price", str(problem))
        return raw
    two_readings = read.two_readings or (
        currency in WHOLE_UNITS
        and read.well_formed
        and _THOUSANDS_OR_DECIMALS.fullmatch(raw) is not None
    )
    if two_readings:
        notes.ask(
            "Q-09",
            "price",
            f"The price can be read with thousands or with three decimals: {amount:f} "
            "was taken. Write it without thousands separators.",
        )
    if read.currencies and currency in CODES and currency not in read.currencies:
        notes.ask(
            "Q-10",
            "price",
            f"The price is written with the sign of another currency than {currency}.",
        )
    return notes.changed("Q-09", "price", raw, f"{amount:f}", silent=read.well_formed)


def _rounded(amount: Decimal, places: int) -> Decimal:
    if amount >= MAX_PRICE:
        raise Unreadable("Write a price below 1,000,000,000,000,000.")
    rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if rounded <= 0:
        raise Unreadable("Write a price above zero, such as 24.90.")
    return rounded


def read_price(raw: str) -> ReadPrice:
    """Read a price; raise Unreadable for anything but one positive amount."""
    if _WELL_FORMED.fullmatch(raw):
        if len(raw) > _LONGEST_PRICE:
            raise Unreadable(_UNREADABLE)
        return ReadPrice(Decimal(raw), well_formed=True, currencies=None)
    text = _plain_characters(raw.strip())
    if len(text) > _LONGEST_PRICE:
        raise Unreadable(_UNREADABLE)
    digits = [index for index, sign in enumerate(text) if "0" <= sign <= "9"]
    if not digits:
        raise Unreadable(_UNREADABLE)
    head, core, tail = (
        text[: digits[0]].strip(),
        text[digits[0] : digits[-1] + 1],
        text[digits[-1] + 1 :].strip(),
    )
    if _MINUS.intersection(head):
        raise Unreadable("Write a price above zero, without a minus sign.")
    ending = _WHOLE_ENDING.match(tail)
    if ending and currencies_of(tail) is None:
        tail = tail[ending.end() :].strip()
    if _LEADING_POINT.search(head):
        head, core = head[:-1].strip(), f"0.{core}"
    signs = [currencies_of(side) for side in (head, tail) if side]
    if None in signs:
        raise Unreadable(_UNREADABLE)
    meant = _agreed([codes for codes in signs if codes is not None])
    amount, two_readings = _amount(core, has_sign=bool(signs))
    return ReadPrice(amount, False, meant, two_readings)


def _agreed(signs: list[frozenset[str]]) -> frozenset[str] | None:
    if not signs:
        return None
    both = frozenset.intersection(*signs)
    if not both:
        raise Unreadable("Write the price with one currency, such as 24.90.")
    return both


def _plain_characters(text: str) -> str:
    """Return text with plain digits, spaces and apostrophes.

    Superscripts stay what they are: 12⁹⁹ is not 1299.
    """
    return "".join(
        str(unicodedata.decimal(sign))
        if unicodedata.category(sign) == "Nd"
        else " "
        if sign.isspace()
        else {"’": "'", "．": ".", "，": ","}.get(sign, sign)
        for sign in text
    )


def _amount(core: str, *, has_sign: bool) -> tuple[Decimal, bool]:
    """Return the amount, and whether it could be read in another way."""
    if _PLAIN.fullmatch(core):
        return Decimal(core), False
    if match := _SCIENTIFIC.fullmatch(core):
        return _scientific(match[1].replace(",", "."), int(match[2])), False
    if match := _ONE_SIGN.fullmatch(core):
        whole, sign, rest = match.groups()
        could_group = len(rest) == 3 and len(whole) <= 3 and whole[0] != "0"
        # A bare comma before three digits is read as everyone writes it; the
        # policy has a word for it only beside a currency, so a person looks.
        if could_group and (has_sign or sign == ","):
            return Decimal(whole + rest), not has_sign
        return Decimal(f"{whole}.{rest}"), False
    if _GROUPED.fullmatch(core):
        return Decimal(re.sub(r"\D", "", core)), False
    if match := _GROUPED_DECIMAL.fullmatch(core):
        whole = re.sub(r"\D", "", match[1])
        return Decimal(f"{whole}.{match[3]}"), False
    raise Unreadable(_UNREADABLE)


def _scientific(number: str, exponent: int) -> Decimal:
    if exponent > 15:
        raise Unreadable("Write a price below 1,000,000,000,000,000.")
    if exponent < -_LONGEST_PRICE:
        raise Unreadable("Write a price above zero, such as 24.90.")
    return Decimal(number).scaleb(exponent)
