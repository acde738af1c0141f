"""Q-11 to Q-14 and Q-16: brand, condition, images, attributes and category path.

Word lists and shapes only; the text rules of brand live in text.py.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from moderation.standardise.notes import Notes
from moderation.standardise.text import standard_characters

UNBRANDED = "Unbranded"
_NO_BRANDS = frozenset(
    {
        "no brand",
        "-",
        "n/a",
        "na",
        "none",
        "null",
        "generic",
        "tidak ada merk",
        "tidak ada merek",
        "sin marca",
        "sem marca",
        "unbranded",
    }
)

CONDITIONS = (
    "new",
    "open_box",
    "refurbished",
    "used_like_new",
    "used_good",
    "used_fair",
    "for_parts",
)
_CONDITION_WORDS = {
    word: condition
    for condition, words in {
        "new": ("baru", "nuevo", "neu", "neuf", "novo", "brand new"),
        "refurbished": ("refurbish", "renewed", "reacondicionado", "reconditioned"),
        "used_good": (
            "used",
            "bekas",
            "second",
            "usado",
            "preloved",
            "gebraucht",
        ),
        "used_like_new": ("like new",),
    }.items()
    for word in words
}

_PLACEHOLDERS = frozenset({"", "-", "n/a", "null"})
_SCHEME = re.compile(r"https?://", re.IGNORECASE)


def standard_brand(text: str, notes: Notes) -> str:
    """Return the brand, `Unbranded` for the words that mean none (Q-11)."""
    if text == UNBRANDED or text.casefold() not in _NO_BRANDS:
        return text
    return notes.changed("Q-11", "brand", text, UNBRANDED)


def standard_condition(raw: str, notes: Notes) -> str:
    """Return the condition as one of CONDITIONS, or "" for anything else (Q-12)."""
    word = " ".join(raw.casefold().split())
    if not word or word in CONDITIONS:
        return notes.changed("Q-12", "condition", raw, word, silent=True)
    after = _CONDITION_WORDS.get(word, "")
    return notes.changed("Q-12", "condition", raw, after)


def standard_images(raw: tuple[str, ...], notes: Notes) -> tuple[str, ...]:
    """Return the image addresses under https; ask for one if there is none (Q-13)."""
    after = tuple(
        notes.changed("Q-13", "image_urls", url, _https(url), silent=True)
        for url in raw
    )
    if not any(url.startswith("https://") for url in after):
        notes.request(
            "Q-13",
            "image_urls",
            "Add at least one image of the item, with an address that starts with "
            "https://.",
        )
    return after


def _https(url: str) -> str:
    url = url.strip()
    return _SCHEME.sub("https://", url, count=1) if _SCHEME.match(url) else url


def standard_attributes(raw: Mapping[str, str], notes: Notes) -> Mapping[str, str]:
    """Return the attributes without empty and placeholder values (Q-14)."""
    kept: dict[str, str] = {}
    for raw_name, raw_value in raw.items():
        field = f"attributes.{raw_name}"
        name = standard_characters(field, raw_name, notes)
        value = standard_characters(field, raw_value, notes)
        if value.strip().casefold() in _PLACEHOLDERS:
            notes.changed("Q-14", field, value or '""', "", silent=True)
            continue
        kept.setdefault(name, value)
    return MappingProxyType(kept)


def standard_category(raw: str, notes: Notes) -> str:
    """Return the category path with its levels joined by " > " (Q-16)."""
    text = standard_characters("category", raw, notes)
    levels = [level.strip() for level in text.split(">")]
    path = " > ".join(level for level in levels if level)
    return notes.changed("Q-16", "category", text, path, silent=True)
