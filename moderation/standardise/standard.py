"""Applies the listing-quality standards of policy section 8 to one listing.

Decides what is fixed, refused, requested and asked by Q rules alone. Refuses to
know merchants, decisions and every rule that needs judgement (the P sections).
"""

from dataclasses import dataclass

from moderation.content import REQUIRED_FIELDS, Change, Content, Problem
from moderation.standardise.currency import standard_currency
from moderation.standardise.fields import (
    standard_attributes,
    standard_brand,
    standard_category,
    standard_condition,
    standard_images,
)
from moderation.standardise.notes import Notes
from moderation.standardise.price import standard_price
from moderation.standardise.text import (
    standard_brand_text,
    standard_characters,
    standard_description,
    standard_title,
)

_HOW_TO_FILL = {
    "title": "Write a title that names the item.",
    "price": "Write the price as text or a number, such as 24.90.",
    "currency": "Write the currency as a three-letter ISO 4217 code, such as EUR.",
    "category": 'Write the category path, such as "Home > Kitchen > Mugs".',
}


@dataclass(frozen=True, slots=True)
class Standardised:
    """A listing after the Q rules, with all that they did and could not do."""

    content: Content
    """The listing as it may go live as far as the Q rules go."""
    changes: tuple[Change, ...]
    """Each change in the order it was made, silent or named."""
    refusals: tuple[Problem, ...]
    """What Q rules reject; the message is the remedy."""
    requests: tuple[Problem, ...]
    """What the merchant is asked to add; the listing may go live (Q-07, Q-13)."""
    asks: tuple[Problem, ...]
    """What only a person can settle, such as a bare `$`."""

    @property
    def named_codes(self) -> frozenset[str]:
        """Codes of the changes that are not silent, and of the requests."""
        return frozenset(
            [change.code for change in self.changes if not change.silent]
            + [request.code for request in self.requests]
        )


def standardise(raw: Content) -> Standardised:
    """Apply every Q rule to a listing.

    A second run over the result changes nothing more, with the exceptions that the
    policy's own order makes: a character reference that decoded into markup or
    into another reference (Q-03), and a title whose cut part shouts (Q-02, Q-01).

    Args:
        raw: the listing as the merchant sent it, validated and sanitised.

    Source: policy section 8. Never raises on a Content of text.
    """
    notes = Notes()
    brand = standard_brand(standard_brand_text(raw.brand, notes), notes)
    title = standard_title(raw.title, brand, notes) if raw.title.strip() else ""
    currency = ""
    if raw.currency.strip():
        currency = standard_currency(raw.currency, notes)
    price = standard_price(raw.price, currency, notes) if raw.price.strip() else ""
    content = raw.having(
        title=title,
        description=standard_description(raw.description, notes),
        price=price,
        currency=currency,
        category=standard_category(raw.category, notes),
        brand=brand,
        condition=standard_condition(
            standard_characters("condition", raw.condition, notes), notes
        ),
        attributes=standard_attributes(raw.attributes, notes),
        image_urls=standard_images(raw.image_urls, notes),
    )
    _require(raw, content, notes)
    return Standardised(
        content=content,
        changes=tuple(notes.changes),
        refusals=tuple(notes.refusals),
        requests=tuple(notes.requests),
        asks=tuple(notes.asks),
    )


def _require(raw: Content, content: Content, notes: Notes) -> None:
    """Refuse a listing that lacks a required field (Q-08).

    A title that held only promotion was there, and is refused as too short.
    """
    for name in REQUIRED_FIELDS:
        sent = getattr(raw, name).strip()
        if not sent or (name == "category" and not content.category):
            notes.refuse("Q-08", name, _HOW_TO_FILL[name])
