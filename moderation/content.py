"""What a listing says, as a frozen value that every stage passes on.

Knows nothing of Django, of merchants or of decisions. Prices are text: the
merchant's own words before standardisation, a plain decimal after it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Self

TEXT_FIELDS = (
    "title",
    "description",
    "price",
    "currency",
    "category",
    "brand",
    "condition",
    "language",
)
LIST_FIELDS = ("image_urls", "document_urls")
FIELDS = (*TEXT_FIELDS, "attributes", *LIST_FIELDS)
REQUIRED_FIELDS = ("title", "price", "currency", "category")


@dataclass(frozen=True, slots=True)
class Content:
    """One version of a listing's content; an absent text is the empty string."""

    title: str = ""
    description: str = ""
    price: str = ""
    currency: str = ""
    category: str = ""
    brand: str = ""
    condition: str = ""
    language: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    image_urls: tuple[str, ...] = ()
    document_urls: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build from JSON-like data: null equals absent, unknown keys are ignored.

        Values must already have the right types (see intake.validate).
        """
        known: dict[str, Any] = {
            name: data[name] for name in TEXT_FIELDS if data.get(name) is not None
        }
        if data.get("attributes"):
            known["attributes"] = MappingProxyType(dict(data["attributes"]))
        for name in LIST_FIELDS:
            if data.get(name):
                known[name] = tuple(data[name])
        return cls(**known)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data with every field present, in a fixed order."""
        data: dict[str, Any] = {name: getattr(self, name) for name in TEXT_FIELDS}
        data["attributes"] = dict(self.attributes)
        for name in LIST_FIELDS:
            data[name] = list(getattr(self, name))
        return data

    def having(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def content_hash(self) -> str:
        """Return the SHA-256 (hex) of the canonical JSON of all fields."""
        return sha256_of(self.as_dict())


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a standard changed in one field, under one policy code."""

    code: str
    field: str
    before: str
    after: str
    silent: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field, with the words that say how to mend it."""

    field: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Return JSON-ready data."""
        return asdict(self)


def sha256_of(data: object) -> str:
    """Return the SHA-256 (hex) of data as canonical JSON (sorted keys, no spaces).

    Lone surrogates are escaped, so any Python string can be hashed.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
