"""Weighs a price against the goods, the brand and the text.

Decides P-706, and P-301 where a dear brand costs next to nothing. Figures of what
things usually cost stand in prices.toml. Knows nothing of price formats (Q-09).
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from moderation.offline_model.clauses import Clause, Ruling
from moderation.offline_model.matcher import Matcher, Sentence, tokenise

_PRICES = Path(__file__).parent / "prices.toml"
_BRANDS = Path(__file__).parent / "brands.toml"
_LUXURY = frozenset({"luxury", "watch", "watches", "jewellery"})
_DEVICES = frozenset({"electronics", "household"})
_WORN_SHARE = 0.35
_PLACEHOLDERS = frozenset(
    {"0.01", "0.1", "0.10", "1.23", "12.34", "123", "1234", "12345", "123456",
     "1234567", "12345678", "123456789", "1111", "11111", "111111", "1111111",
     "11111111", "9999999", "99999999", "999999999", "999999", "0.99999"}
)  # fmt: skip
_SMALL_MONEY = frozenset({"IDR", "VND", "COP", "CLP", "KRW", "JPY", "HUF"})
_USED = frozenset(
    {"used_good", "used_fair", "used_like_new", "for_parts", "refurbished"}
)
_TENTH, _FIFTH = 0.1, 0.2
_CAPACITY = re.compile(
    r"\b(\d{1,3})\s?tb\b.{0,60}\b(?:stick|flash|usb|card|memory|pen ?drive|ssd|"
    r"flashdisk|memoria|speicher\w*|carte|karta|pendrive)|\b(?:stick|flash|usb|card|"
    r"memory|pen ?drive|ssd|flashdisk|memoria|speicher\w*|carte|karta|pendrive)"
    r".{0,60}?\b(\d{1,3})\s?tb\b",
    re.I,
)
_DOLLARS_A_TERABYTE = 25
_CONTRADICTS = re.compile(
    r"\b(?:real|actual|true|full|final|correct|right) price\b|\bprice (?:is|shown|"
    r"here|above|listed|in the)"
    r"\b.{0,40}\b(?:not|only|per|deposit|placeholder|wrong|each|gram|metre|meter|"
    r"kilo|from|starts?)\b"
    r"|\b(?:message|ask|chat|contact|dm|pm|write|inquire|"
    r"enquire)\b.{0,20}\bfor (?:the |a |your )?(?:price|quote)\b"
    r"|\bprice (?:on|upon) (?:request|application)|\b(?:number|amount|"
    r"price) (?:here|shown|above) is not\b"
    r"|\b(?:harga (?:asli|sebenarnya|per gram|per meter|bukan|hanya)|(?:tanya|chat|"
    r"wa) (?:untuk )?harga|harga (?:belum|di atas) bukan)"
    r"|\b(?:precio real|pregunt[ae]\w* (?:por )?(?:el )?precio|precio (?:por|"
    r"a) (?:gramo|metro|consultar|tratar)|el precio (?:no|publicado no|es por))"
    r"|\b(?:echter preis|tatsächlich\w* preis|preis (?:auf anfrage|pro gramm|"
    r"pro meter)|der preis ist (?:nicht|pro|nur))"
    r"|\b(?:prix (?:réel|sur demande|au gramme|au mètre)|"
    r"le prix (?:affiché )?(?:n'est|est au|est par))"
    r"|\b(?:prawdziwa cena|cena (?:za gram|za metr|do uzgodnienia|nie jest)|"
    r"(?:pytaj|zapytaj) o cenę)"
    r"|\b(?:preț(?:ul)? (?:real|este pe|pe gram|pe metru|la cerere|nu este))"
    r"|\b(?:preço (?:real|por grama|por metro|sob consulta)|o preço (?:não|é por))",
    re.I,
)


class Brand(NamedTuple):
    """A brand of dear goods; the least prices are in dollars, by goods where known."""

    kind: str
    floor: float
    small: float
    floors: Mapping[str, float]


@cache
def _figures() -> Mapping[str, Any]:
    return tomllib.loads(_PRICES.read_text(encoding="utf-8"))


@cache
def _brands() -> tuple[Matcher, tuple[Brand, ...]]:
    """Return brand names and what they cost: detailed ones first, then by kind."""
    matcher = Matcher()
    listed: list[Brand] = []
    known: set[str] = set()
    for entry in tomllib.loads(_BRANDS.read_text(encoding="utf-8"))["brand"]:
        if not entry["floors"]:
            continue
        floors = entry["floors"]
        matcher.add(entry["name"], len(listed))
        known.add(entry["name"].casefold())
        low = min(floors.values())
        listed.append(Brand(entry["kind"], low, low, floors))
    for group in _figures()["brands"]:
        for name in group["names"]:
            if name.casefold() not in known:
                matcher.add(name, len(listed))
                listed.append(Brand(group["kind"], group["floor"], group["small"], {}))
    return matcher, tuple(listed)


@cache
def _floor_goods() -> tuple[Matcher, tuple[str, ...]]:
    matcher = Matcher()
    names = tuple(_figures()["floor_goods"])
    for number, name in enumerate(names):
        for word in _figures()["floor_goods"][name]:
            matcher.add(word, number)
    return matcher, names


@cache
def _accessory() -> Matcher:
    matcher = Matcher()
    for word in _figures()["accessory"]["words"]:
        matcher.add(word, 0)
    return matcher


@cache
def _goods(language: str) -> tuple[Matcher, tuple[tuple[float, float], ...]]:
    matcher = Matcher()
    ranges: list[tuple[float, float]] = []
    for terms, least, most in _figures()["goods"].get(language, ()):
        for term in terms.split("|"):
            matcher.add(
                term.replace("#", "").strip() + ("*" if "#" in term else ""),
                len(ranges),
            )
        ranges.append((least, most))
    return matcher, tuple(ranges)


def in_dollars(price: str, currency: str) -> float | None:
    """Return a plain decimal price in US dollars, None when it cannot be told."""
    rate = _figures()["rates"].get(currency)
    try:
        amount = float(price)
    except ValueError:
        return None
    return amount / rate if rate and 0 < amount < float("inf") else None


def judge_price(
    fields: Mapping[str, str],
    texts: Sequence[Sentence],
    languages: Sequence[str],
    departments: frozenset[str],
) -> Ruling:
    """Return what P-706 and P-301 say about a price.

    Args:
        fields: title, description, price, currency, condition, brand as tidied.
        texts: the sentences of the listing.
        languages: those whose goods are known by name.
        departments: what the title's goods belong to.
    """
    clauses = [*_placeholder(fields), *_contradiction(texts)]
    dollars = in_dollars(fields["price"], fields["currency"])
    if dollars is None:
        return Ruling(tuple(clauses))
    clauses += _brand_floor(fields, dollars)
    clauses += _capacity(fields, dollars)
    clauses += _usual(fields, dollars, languages)
    most = [_figures()["most"][d] for d in departments if d in _figures()["most"]]
    if most and dollars > max(most) and len(most) == len(departments):
        clauses.append(
            Clause(
                "P-706", "price", "", "ask", "Far dearer than such goods usually are."
            )
        )
    return Ruling(tuple(dict.fromkeys(clauses)))


def _placeholder(fields: Mapping[str, str]) -> list[Clause]:
    price = fields["price"].strip()
    plain = price.removesuffix(".00").removesuffix(".0")
    said = "The price looks like a placeholder."
    if plain in _PLACEHOLDERS or price in _PLACEHOLDERS:
        if fields["currency"] in _SMALL_MONEY and plain in ("999999", "9999999"):
            return [Clause("P-706", "price", "", "ask", said)]
        return [Clause("P-706", "price", "", "reject", said)]
    if plain == "1" or (plain.isdigit() and len(plain) >= 4 and len(set(plain)) == 1):
        return [Clause("P-706", "price", "", "ask", said)]
    if fields["currency"] in _SMALL_MONEY and plain.isdigit() and int(plain) <= 10:
        return [Clause("P-706", "price", "", "ask", said)]
    return []


def _contradiction(texts: Sequence[Sentence]) -> list[Clause]:
    for sentence in texts:
        if sentence.field in ("title", "description"):
            match = _CONTRADICTS.search(sentence.text)
            if match:
                said = "The text says that the price is another one."
                quote = match.group().strip()
                return [Clause("P-706", sentence.field, quote[:500], "reject", said)]
    return []


def _brand_floor(fields: Mapping[str, str], dollars: float) -> list[Clause]:
    """A brand in the title or the brand field, or a luxury brand in the text."""
    matcher, listed = _brands()
    found: list[tuple[str, str, Brand]] = []
    for name in ("brand", "title", "description"):
        words, spans = tokenise(fields[name])
        for hit in matcher.find(words):
            brand = listed[hit.payload]
            if name == "description" and brand.kind not in _LUXURY:
                continue
            if (
                name == "title"
                and len(words[hit.start]) <= 2
                and hit.end - hit.start == 1
            ):
                continue  # HP and LG mean other things too
            quote = fields[name][spans[hit.start][0] : spans[hit.end - 1][1]]
            found.append((name, quote, brand))
    if not found:
        return []
    title = tokenise(fields["title"])[0]
    worn = _WORN_SHARE if fields["condition"] in _USED else 1.0
    field, quote, brand = max(found, key=lambda item: _floor(item[2], title))
    floor = _floor(brand, title) * worn
    if dollars >= floor:
        return []
    said = "A brand of dear goods at a small part of its usual price."
    action = "reject" if dollars < _TENTH * floor and brand.kind in _LUXURY else "ask"
    clauses = [Clause("P-301", field, quote, action, said)]
    if dollars < _FIFTH * floor:
        clauses.append(Clause("P-706", "price", "", "ask", said))
    return clauses


def _floor(brand: Brand, title: Sequence[str]) -> float:
    """Return the least that a brand's goods of this title cost, in dollars."""
    is_small = any(True for _ in _accessory().find(title))
    if brand.floors:
        matcher, names = _floor_goods()
        goods = {names[hit.payload] for hit in matcher.find(title)}
        fitting = [brand.floors[name] for name in goods if name in brand.floors]
        if fitting and not (is_small and brand.kind in _DEVICES):
            return min(fitting)
        if brand.kind in _DEVICES:
            return 1.0
    if is_small and brand.kind in _DEVICES:
        return 1.0
    return brand.small if is_small else brand.floor


def _capacity(fields: Mapping[str, str], dollars: float) -> list[Clause]:
    for name in ("title", "description"):
        match = _CAPACITY.search(fields[name])
        if match:
            terabytes = int(match[1] or match[2])
            if terabytes > 4 or dollars < terabytes * _DOLLARS_A_TERABYTE:
                said = "Such a capacity is not to be had at this price."
                quote = match.group()[:500]
                return [Clause("P-708", name, quote, "reject", said)]
    return []


def _usual(
    fields: Mapping[str, str], dollars: float, languages: Sequence[str]
) -> list[Clause]:
    title = tokenise(fields["title"])[0]
    if any(True for _ in _accessory().find(title)):
        return []
    worn = 0.4 if fields["condition"] in _USED else 1.0
    is_dear = any(True for _ in _brands()[0].find(title))
    for language in languages:
        matcher, ranges = _goods(language)
        for hit in matcher.find(title):
            least, most = ranges[hit.payload]
            if dollars < worn * least or (dollars > most and not is_dear):
                said = "Not what such goods usually cost."
                return [Clause("P-706", "price", "", "ask", said)]
    return []
