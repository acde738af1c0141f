"""Decides whether received data has the shape of a listing, naming every bad field.

What the quality rules refuse is found by standardise; `all_problems` puts the two
together. Refuses to know merchants, forms and HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from moderation.content import Content, Problem
from moderation.intake.field_reader import KNOWN, FieldReader
from moderation.standardise.standard import Standardised, standardise

# An answer names this many unknown fields and counts the others.
MAX_NAMED = 20
_TEXTS = ("title", "description", "currency", "category", "brand", "condition")


@dataclass(frozen=True, slots=True)
class Validated:
    """What a piece of received data says as a listing, and what is wrong with it."""

    content: Content | None
    """The listing; None as soon as there is any problem."""
    external_id: str
    """The merchant's reference, "" when missing or unusable."""
    problems: tuple[Problem, ...]
    """Every bad field, each with the words that say how to mend it."""
    ignored: tuple[str, ...]
    """Fields that are no part of a listing and were left out."""
    draft: Content
    """The good fields alone, so that the quality rules can be asked at once."""


def validate(raw: object, *, unknown: Literal["refuse", "ignore"]) -> Validated:
    """Read received data as a listing, naming every bad field at once.

    Args:
        raw: anything that a JSON parser can give; sanitised, or it is judged as sent.
        unknown: whether fields outside a listing are refused (API, forms) or left
            out and listed (files).

    Missing title, price, currency and category are found by the quality rules
    (Q-08); see `all_problems`. Never raises.
    """
    if not isinstance(raw, Mapping):
        problem = Problem(
            "listing",
            "wrong_type",
            "Send a listing as a JSON object, with its fields by name.",
        )
        return Validated(None, "", (problem,), (), Content())
    reader = FieldReader(raw)
    external_id = reader.external_id()
    values: dict[str, Any] = {name: reader.text(name) for name in _TEXTS}
    draft = Content.from_dict(
        values
        | {
            "price": reader.price(),
            "language": reader.language(),
            "attributes": reader.attributes(),
            "image_urls": reader.urls("image_urls"),
            "document_urls": reader.urls("document_urls"),
        }
    )
    strange = reader.unknown()
    if strange and unknown == "refuse":
        _refuse_unknown(strange, reader)
    problems = tuple(reader.problems)
    return Validated(
        content=None if problems else draft,
        external_id=external_id,
        problems=problems,
        ignored=strange if unknown == "ignore" else (),
        draft=draft,
    )


def all_problems(
    validated: Validated,
) -> tuple[tuple[Problem, ...], Standardised | None]:
    """Return the problems of shape with the refusals of the quality rules.

    A field that validation has named already is not named twice. The second value
    is the standardised listing, None when there is any problem.
    """
    standardised = standardise(validated.draft)
    named = {problem.field.partition(".")[0] for problem in validated.problems}
    if "listing" in named:
        return validated.problems, None
    problems = validated.problems + tuple(
        refusal for refusal in standardised.refusals if refusal.field not in named
    )
    return problems, None if problems else standardised


def _refuse_unknown(names: tuple[str, ...], reader: FieldReader) -> None:
    fields = ", ".join(sorted(KNOWN))
    for name in names[:MAX_NAMED]:
        reader.wrong(
            name,
            "unknown_field",
            f'Leave out "{name}": a listing has the fields {fields}.',
        )
    if len(names) > MAX_NAMED:
        reader.wrong(
            "listing",
            "unknown_field",
            f"Leave out {len(names) - MAX_NAMED:,} further unknown fields.",
        )
