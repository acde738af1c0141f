"""A listing as a form: what was typed into JSON-like data, and back.

Decides how the form's text becomes the wire's fields and which input a problem
belongs to. Checks nothing itself and stores nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moderation.content import Content, Problem

TEXT_INPUTS = (
    "external_id",
    "title",
    "description",
    "price",
    "currency",
    "category",
    "brand",
    "condition",
    "language",
)
LABELS = {
    "external_id": "Your reference",
    "title": "Title",
    "description": "Description",
    "price": "Price",
    "currency": "Currency",
    "category": "Category",
    "brand": "Brand",
    "condition": "Condition",
    "language": "Language",
    "attributes": "Details",
    "image_urls": "Photos",
    "document_urls": "Documents",
}
CONDITIONS = (
    "new",
    "used_like_new",
    "used_good",
    "used_acceptable",
    "refurbished",
    "for_parts",
)
CURRENCIES = (
    *("CUR", "REN", "CIE", "AUD", "BGN", "BRL", "CAD", "CHF"),
    *("CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR"),
    *("INR", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PHP"),
    *("PLN", "RON", "SEK", "SGD", "THB", "TRY", "TWD", "USD"),
    *("VND", "ZAR"),
)
_HEAD = re.compile(r"^\w+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One input of the form: its value, and what is wrong with it, if anything."""

    name: str
    value: str
    errors: tuple[Problem, ...] = ()

    @property
    def label(self) -> str:
        """Return the words above the input."""
        return LABELS[self.name]

    @property
    def error(self) -> str:
        """Return what to do, in the same words as the summary."""
        return " ".join(problem.message for problem in self.errors)


def typed(post: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed as the wire's fields; an empty input is absent."""
    data: dict[str, Any] = {
        name: post[name].replace("\r\n", "\n")
        for name in TEXT_INPUTS
        if post.get(name, "").strip()
    }
    attributes = _pairs(post.get("attributes", ""))
    if attributes:
        data["attributes"] = attributes
    for name in ("image_urls", "document_urls"):
        lines = [line.strip() for line in post.get(name, "").splitlines()]
        if any(lines):
            data[name] = [line for line in lines if line]
    return data


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, _, value = line.partition(":")
        pairs[name.strip()] = value.strip()
    return pairs


def values_of(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the wire's fields as the text of the form's inputs."""
    values = {name: str(data.get(name) or "") for name in TEXT_INPUTS}
    attributes = data.get("attributes") or {}
    values["attributes"] = "\n".join(f"{k}: {v}" for k, v in attributes.items())
    for name in ("image_urls", "document_urls"):
        values[name] = "\n".join(str(url) for url in data.get(name) or [])
    return values


def entries(
    values: Mapping[str, str], problems: Iterable[Problem] = ()
) -> dict[str, Entry]:
    """Return every input by name, with its problems beside it."""
    by_input: dict[str, list[Problem]] = {}
    for problem in problems:
        by_input.setdefault(input_of(problem.field), []).append(problem)
    return {
        name: Entry(name, values.get(name, ""), tuple(by_input.get(name, ())))
        for name in LABELS
    }


def input_of(field: str) -> str:
    """Return the input that a problem's field belongs to, such as image_urls[2]."""
    found = _HEAD.match(field)
    name = found.group() if found else ""
    name = "image_urls" if name == "images" else name
    return name if name in LABELS else "title"


def content_of(data: Mapping[str, Any]) -> Content:
    """Return what was typed as content, for a preview; the reference stays out."""
    return Content.from_dict(data)
