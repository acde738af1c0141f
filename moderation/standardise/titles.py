"""Q-05, Q-06, Q-02 and Q-01: what a title may look like.

Each function does one rule's fix and knows nothing of the others or of a listing.
"""

import re
import unicodedata
from itertools import groupby

from moderation.standardise.characters import composed, cut_at_space, tidy_line

MIN_TITLE = 5  # characters
MAX_TITLE = 150  # characters

# --- Q-05 decoration -------------------------------------------------------------

_KEPT_SYMBOLS = frozenset("®©™°№")
_SKIN_TONES = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_VARIATION_SELECTOR = "\ufe0f"
_JOINER = "\u200d"
_RUN = re.compile(r"[!?*~#=_$^]{2,}")
_PLAIN = {
    code: plain
    for start, end in (
        (0x1D400, 0x1D7FF),
        (0xFF10, 0xFF19),
        (0xFF21, 0xFF3A),
        (0xFF41, 0xFF5A),
    )
    for code in range(start, end + 1)
    if (plain := unicodedata.normalize("NFKC", chr(code))) != chr(code)
}


def without_decoration(title: str) -> str:
    """Return the title without symbols, emoji and runs of signs (Q-05).

    Brackets that held nothing but decoration go with it.
    """
    plain = title
    if not plain.isascii():
        plain = composed(_without_symbols(plain.translate(_PLAIN)))
    plain = _RUN.sub(_kept_run, plain)
    if plain == title:
        return title
    return tidy_line(without_empty_brackets(plain))


def _without_symbols(title: str) -> str:
    kept: list[str] = []
    removed = False  # whether the character before went away
    for index, character in enumerate(title):
        if character == _JOINER:
            # A joiner goes with the emoji that it joins; elsewhere it spells.
            following = title[index + 1 : index + 2]
            removed = removed or (following != "" and _is_symbol(following))
        else:
            removed = _is_symbol(character)
        if not removed:
            kept.append(character)
    return "".join(kept)


def _is_symbol(character: str) -> bool:
    if character < "\x80" or character in _KEPT_SYMBOLS:
        return False
    return (
        character == _VARIATION_SELECTOR
        or character in _SKIN_TONES
        or unicodedata.category(character) == "So"
    )


def _kept_run(match: re.Match[str]) -> str:
    """Keep a run of "*" between two letters, as in a masked word."""
    text, start, end = match.string, match.start(), match.end()
    masks = (
        match[0].count("*") == end - start
        and text[start - 1 : start].isalpha()
        and text[end : end + 1].isalpha()
    )
    return match[0] if masks else ""


# --- Q-06 promotion --------------------------------------------------------------

_PHRASES = (
    "free shipping",
    "free delivery",
    "free gift",
    "best price",
    "best seller",
    "hot sale",
    "flash sale",
    "on sale",
    "big sale",
    "clearance",
    "promotion",
    "promosi",
    "promo",
    "limited time offer",
    "limited offer",
    "ready stock",
    "cod",
    "gratis ongkir",
    "cuci gudang",
    "termurah",
    "envío gratis",
    "envio gratis",
    "oferta",
    "frete grátis",
    "miễn phí vận chuyển",
)
_PROMOTION = re.compile(
    r"(?<!\w)(?:" + "|".join(_PHRASES) + r")(?![\w\u0300-\u036f])", re.IGNORECASE
)
_SHOPS = frozenset({"ebay", "amazon", "etsy"})
_MAX_SHOPS = 5  # names left over one after the other; more is no slip
_PAIRS = {")": "(", "]": "[", "】": "【", "}": "{"}
_EDGES = " -|,/:;"


def without_promotion(title: str) -> str:
    """Return the title without promotion and without what it leaves behind (Q-06)."""
    plain = _without_shops(_PROMOTION.sub("", title))
    if plain == title:
        return title
    return tidy_line(without_empty_brackets(plain)).strip(_EDGES)


def _without_shops(title: str) -> str:
    for _ in range(_MAX_SHOPS):
        head, bar, tail = title.rpartition("|")
        if not bar or tail.strip().casefold() not in _SHOPS:
            break
        title = head.rstrip()
    return title


def without_empty_brackets(title: str) -> str:
    """Return the title without pairs of brackets that hold only spaces."""
    if not any(closing in title for closing in _PAIRS):
        return title
    kept: list[str] = []
    for character in title:
        opening = _PAIRS.get(character)
        if opening is not None:
            last = len(kept) - 1
            while last >= 0 and kept[last].isspace():
                last -= 1
            if last >= 0 and kept[last] == opening:
                del kept[last:]
                continue
        kept.append(character)
    return "".join(kept)


# --- Q-02 capitals ---------------------------------------------------------------

_MIN_CASED = 10  # letters that have two forms
_SHOUTING_PERCENT = 60
_MIN_RUN = 4  # letters
_WORD = re.compile(r"\S+")
_LETTERS = re.compile(rf"[^\W\d_]{{{_MIN_RUN},}}")


def without_capitals(title: str, brand: str) -> str:
    """Return a shouting title with its wholly upper-case runs capitalised (Q-02).

    A run equal to the brand stays, as do words with a digit.
    """
    upper = sum(character.isupper() for character in title)
    cased = upper + sum(character.islower() for character in title)
    if cased < _MIN_CASED or upper * 100 <= cased * _SHOUTING_PERCENT:
        return title

    def calmed(match: re.Match[str]) -> str:
        word = match[0]
        if any(character.isdigit() for character in word):
            return word
        return _LETTERS.sub(lambda letters: _lowered(letters[0], brand), word)

    return _WORD.sub(calmed, title)


def _is_cased(letter: str) -> bool:
    return letter.isupper() or letter.islower()


def _lowered(letters: str, brand: str) -> str:
    """Capitalise each run of cased letters that is long and wholly upper case."""
    if letters.islower():
        return letters
    runs = ((cased, "".join(run)) for cased, run in groupby(letters, _is_cased))
    # The Turkish dotted capital has a two-character lower form; "i" is meant.
    return "".join(
        run[0] + run[1:].replace("İ", "i").lower()
        if cased and len(run) >= _MIN_RUN and run.isupper() and run != brand
        else run
        for cased, run in runs
    )


# --- Q-01 length -----------------------------------------------------------------


def within_length(title: str) -> str:
    """Return the title cut to 150 characters at a space (Q-01)."""
    return cut_at_space(title, MAX_TITLE)


def is_too_short(title: str) -> bool:
    """Tell whether a title has fewer than five characters, or no letter at all."""
    return len(title) < MIN_TITLE or not any(map(str.isalpha, title))
