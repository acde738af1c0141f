"""Reads the fields of a received listing one by one and keeps what is wrong with them.

Types, limits and addresses; refuses to know which fields a request may have.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from moderation.content import FIELDS, Problem
from moderation.intake.sanitize import storable

MAX_LENGTH = {"title": 2_000, "description": 60_000}  # characters, as sent
MAX_OTHER_LENGTH = 500
MAX_EXTERNAL_ID = 200
MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_NAME = 100
MAX_ATTRIBUTE_VALUE = 2_000
MAX_URLS = 30
MAX_URL = 2_000

KNOWN = frozenset({"external_id", *FIELDS})
_HOW_TO_WRITE = {
    "title": "Write the title as text.",
    "description": "Write the description as text.",
    "price": "Write the price as text or a number, such as 24.90.",
    "currency": "Write the currency as text, such as EUR.",
    "category": 'Write the category as text, such as "Home > Kitchen > Mugs".',
    "brand": "Write the brand as text, or leave the field out.",
    "condition": 'Write the condition as text, such as "new", or leave it out.',
    "language": 'Write the language as a tag, such as "en" or "pt-BR".',
    "external_id": "Write your own reference of the listing as text.",
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f-\xa0<>\"\\\u2000-\u200f\u2028-\u202f]")


class FieldReader:
    """Reads one field after the other and keeps the problems."""

    def __init__(self, data: Mapping[Any, Any]) -> None:
        self.data = data
        self.problems: list[Problem] = []

    def wrong(self, field: str, code: str, message: str) -> None:
        self.problems.append(Problem(field, code, message))

    def text(self, name: str) -> str:
        """Return a text field, "" when absent (null equals absent) or bad."""
        value = self.data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.wrong(name, "wrong_type", _HOW_TO_WRITE[name])
            return ""
        limit = MAX_LENGTH.get(name, MAX_OTHER_LENGTH)
        if len(value) > limit:
            self.too_long(name, name, limit, len(value))
            return ""
        return value

    def too_long(self, field: str, what: str, limit: int, length: int) -> None:
        self.wrong(
            field,
            "too_long",
            f"Shorten the {what} to at most {limit:,} characters; it has {length:,}.",
        )

    def external_id(self) -> str:
        value = self.data.get("external_id")
        if value is None or (isinstance(value, str) and not value.strip()):
            self.wrong(
                "external_id",
                "required" if value is None else "blank",
                "Give your own reference of the listing, such as SKU-1042.",
            )
        elif not isinstance(value, str):
            self.wrong("external_id", "wrong_type", _HOW_TO_WRITE["external_id"])
        elif len(value) > MAX_EXTERNAL_ID:
            self.too_long("external_id", "reference", MAX_EXTERNAL_ID, len(value))
        elif not value.isprintable() or value != storable(value):
            self.wrong(
                "external_id",
                "not_printable",
                "Use only visible characters and spaces in your reference.",
            )
        else:
            return value.strip()
        return ""

    def price(self) -> str:
        """Return the price as text; a JSON number is turned into its digits."""
        value = self.data.get("price")
        if isinstance(value, bool | str) or value is None:
            return self.text("price")
        if isinstance(value, int) and abs(value) < 10**MAX_OTHER_LENGTH:
            return str(value)
        if isinstance(value, float) and math.isfinite(value):
            return str(value)
        if isinstance(value, Decimal) and value.is_finite():
            return str(value)
        self.wrong("price", "wrong_type", _HOW_TO_WRITE["price"])
        return ""

    def language(self) -> str:
        value = self.text("language").strip()
        if value and not _LANGUAGE.fullmatch(value):
            self.wrong("language", "wrong_format", _HOW_TO_WRITE["language"])
            return ""
        return value

    def attributes(self) -> dict[str, str]:
        """Return the attributes that are good; one with null is absent."""
        value = self.data.get("attributes")
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.wrong(
                "attributes",
                "wrong_type",
                'Write the attributes as an object, such as {"Colour": "red"}.',
            )
            return {}
        if len(value) > MAX_ATTRIBUTES:
            self.wrong(
                "attributes",
                "too_many",
                f"Send at most {MAX_ATTRIBUTES} attributes; there are {len(value):,}.",
            )
            return {}
        kept: dict[str, str] = {}
        for name, item in value.items():
            if item is not None and self._is_attribute(name, item):
                kept[name] = item
        return kept

    def _is_attribute(self, name: Any, item: Any) -> bool:
        field = f"attributes.{shown(name)}"
        before = len(self.problems)
        if not isinstance(name, str) or not name.strip():
            self.wrong("attributes", "blank", "Give every attribute a name.")
        elif len(name) > MAX_ATTRIBUTE_NAME:
            self.too_long(field, "name", MAX_ATTRIBUTE_NAME, len(name))
        if not isinstance(item, str):
            self.wrong(field, "wrong_type", 'Write the value as text, such as "24 cm".')
        elif len(item) > MAX_ATTRIBUTE_VALUE:
            self.too_long(field, "value", MAX_ATTRIBUTE_VALUE, len(item))
        return len(self.problems) == before

    def urls(self, name: str) -> tuple[str, ...]:
        """Return the good addresses of a list; null entries are absent."""
        value = self.data.get(name)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            self.wrong(
                name,
                "wrong_type",
                'Write the addresses as a list, such as ["https://example.com/1.jpg"].',
            )
            return ()
        if len(value) > MAX_URLS:
            self.wrong(
                name,
                "too_many",
                f"Send at most {MAX_URLS} addresses; there are {len(value):,}.",
            )
            return ()
        kept: list[str] = []
        for index, item in enumerate(value):
            if item is None:
                continue
            url = item.strip() if isinstance(item, str) else None
            if url is None:
                self.wrong(
                    f"{name}.{index}", "wrong_type", "Write the address as text."
                )
            elif len(url) > MAX_URL:
                self.too_long(f"{name}.{index}", "address", MAX_URL, len(url))
            elif not is_web_address(url):
                self.wrong(
                    f"{name}.{index}",
                    "bad_url",
                    "Write a full address that starts with https:// and names a host, "
                    "with spaces written as %20.",
                )
            else:
                kept.append(url)
        return tuple(kept)

    def unknown(self) -> tuple[str, ...]:
        return tuple(
            shown(name)
            for name in self.data
            if not isinstance(name, str) or name not in KNOWN
        )


def is_web_address(url: str) -> bool:
    """Tell whether a text is a complete http or https address with a host."""
    if _NOT_IN_A_URL.search(url) or url != storable(url):
        return False
    try:
        parts = urlsplit(url)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and port_is_good
    )


def shown(name: object) -> str:
    """Return a field's name as it may be shown: storable, printable and short."""
    text = storable(name if isinstance(name, str) else type(name).__name__)
    text = "".join(sign if sign.isprintable() else "?" for sign in text[:60])
    return text or '""'
