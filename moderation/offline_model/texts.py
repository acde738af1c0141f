"""Turns a listing into sentences per field, the one view that every judge reads.

Decides which text is read (the tidied one where there is one); knows no policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moderation.offline_model.matcher import Sentence, sentences

FIELDS = ("title", "description", "category", "brand", "attributes")
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class View:
    """The texts of a listing: as judged, as sent, and cut into sentences."""

    fields: Mapping[str, str]
    sent: Mapping[str, str]
    sentences: tuple[Sentence, ...]
    attributes: Mapping[str, str]


def attributes_of(listing: Mapping[str, Any]) -> dict[str, str]:
    """Return the attributes as text, whether sent as an object or as a list."""
    raw = listing.get("attributes") or {}
    if isinstance(raw, Mapping):
        return {str(name): str(value) for name, value in raw.items()}
    pairs = [item for item in raw if isinstance(item, Mapping)]
    return {str(p.get("name", "")): str(p.get("value", "")) for p in pairs}


def _texts(listing: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: str(listing.get(name) or "")[:LONGEST] for name in FIELDS[:4]}
    texts["attributes"] = "\n".join(
        f"{name}: {value}" for name, value in attributes_of(listing).items()
    )[:LONGEST]
    return texts


def view(listing: Mapping[str, Any], tidied: Mapping[str, Any]) -> View:
    """Return the view of a listing; tidied fields win where they are given."""
    sent = _texts(listing)
    merged = {**listing, **{k: v for k, v in tidied.items() if v is not None}}
    fields = _texts(merged)
    cut = tuple(
        sentence for name in FIELDS for sentence in sentences(name, fields[name])
    )
    return View(fields, sent, cut, attributes_of(merged))
