"""The answer that a model owes for one listing: every field, described.

Decides what an answer looks like and which kind of verdict its clauses add up to.
Refuses to know the policy, the listing and the route.
"""

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from moderation.states import ClauseAction, VerdictKind

MAX_CLAUSES = 30
MAX_ATTRIBUTES = 100

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Condition = Literal[
    "",
    "new",
    "open_box",
    "refurbished",
    "used_like_new",
    "used_good",
    "used_fair",
    "for_parts",
]
ClauseField = Literal[
    "title",
    "description",
    "price",
    "currency",
    "category",
    "brand",
    "condition",
    "attributes",
    "images",
    "listing",
]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ClauseFinding(_Answer):
    """One section of the policy that calls for an action."""

    code: str = Field(
        max_length=12,
        description="Code of the policy section, exactly as in the policy: P-101.",
    )
    field: ClauseField = Field(
        description="Where the evidence stands; listing when it is about the offer "
        "as a whole or about something that is absent."
    )
    quote: str = Field(
        max_length=500,
        description="The deciding words, copied character by character from the "
        "listing; shortest span that shows it. Empty only for images, price, "
        "listing or an empty field.",
    )
    action: Literal["fix", "reject", "ask"] = Field(
        description="reject: the section forbids the listing. fix: it may go live "
        "after a correction. ask: the section or the text leaves it to a person."
    )
    explanation: str = Field(
        min_length=1,
        max_length=600,
        description="One sentence for the moderator: how the quote meets the section.",
    )


class NameValue(_Answer):
    """One attribute of the listing."""

    name: str = Field(min_length=1, max_length=200, description="Attribute name.")
    value: str = Field(max_length=2_000, description="Attribute value.")


class Proposed(_Answer):
    """Field values to publish; null keeps the tidied value of that field."""

    title: str | None = Field(
        max_length=300,
        description="Corrected title, or null. Keep every number, unit and brand.",
    )
    description: str | None = Field(
        max_length=10_000,
        description="Corrected description, or null. Only what a fix removes may go; "
        "add nothing.",
    )
    category: str | None = Field(
        max_length=500,
        description="Fitting category path, levels joined with ' > ', or null.",
    )
    brand: str | None = Field(
        max_length=200,
        description="Maker of the item as the listing names it, Unbranded, or null.",
    )
    condition: Condition | None = Field(
        description="Condition that the text plainly states, or null."
    )
    attributes: list[NameValue] | None = Field(
        max_length=MAX_ATTRIBUTES,
        description="The whole corrected list of attributes, or null.",
    )


class FieldConfidence(_Answer):
    """For each field: the probability that its published value is right."""

    title: Share = Field(description="0 to 1, for the title.")
    description: Share = Field(description="0 to 1, for the description.")
    price: Share = Field(description="0 to 1: the price fits the item and the text.")
    category: Share = Field(description="0 to 1, for the category.")
    brand: Share = Field(description="0 to 1, for the brand.")
    condition: Share = Field(description="0 to 1, for the condition.")
    attributes: Share = Field(description="0 to 1, for the attributes.")


class Verdict(_Answer):
    """What the model says about one listing. It may clear or ask, never decide."""

    reasoning: str = Field(
        min_length=1,
        max_length=4_000,
        description="What is sold, which sections were weighed, why they do or do "
        "not apply. Five short sentences at most.",
    )
    clauses: list[ClauseFinding] = Field(
        max_length=MAX_CLAUSES,
        description="Every section that calls for an action; empty when none does. "
        "Sections that were only considered are left out.",
    )
    doubt: str = Field(
        max_length=1_000,
        description="What a person must settle, in one sentence; empty when nothing.",
    )
    proposed: Proposed = Field(description="Corrected field values.")
    field_confidence: FieldConfidence = Field(
        description="How sure each published field is."
    )
    confidence: Share = Field(
        description="Probability, 0 to 1, that the listing may go live as proposed "
        "without a person looking at it."
    )
    language: str = Field(
        min_length=2,
        max_length=35,
        description="Main language of the listing as a BCP 47 tag: en, id, pt-BR; "
        "und when it cannot be told.",
    )

    @property
    def kind(self) -> VerdictKind:
        """Return what the clauses add up to: a reject wins over an ask or a doubt."""
        actions = {clause.action for clause in self.clauses}
        if ClauseAction.REJECT in actions:
            return VerdictKind.VIOLATION
        if ClauseAction.ASK in actions or self.doubt.strip():
            return VerdictKind.UNSURE
        return VerdictKind.COMPLIANT


SCHEMA_NAME = "listing_verdict"

_DROPPED = frozenset(
    {"title", "default", "minLength", "maxLength", "minItems", "maxItems"}
)
"""Keywords that strict structured output refuses or that say nothing; lengths are
checked here, on the answer."""


@lru_cache(maxsize=1)
def verdict_schema() -> dict[str, Any]:
    """Return the strict JSON schema of a Verdict: one object, built once.

    Every object is closed and requires all its properties; references are inlined.
    The caller must not change it.
    """
    whole = Verdict.model_json_schema()
    schema = _strict(whole, whole.get("$defs", {}))
    if not isinstance(schema, dict):
        raise TypeError("a schema is an object")
    return schema


def _strict(node: object, defs: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_strict(item, defs) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = defs[str(node["$ref"]).rsplit("/", 1)[-1]]
        node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            made[key] = {name: _strict(item, defs) for name, item in value.items()}
        elif key not in _DROPPED and key != "$defs":
            made[key] = _strict(value, defs)
    if made.get("type") == "object":
        made["required"] = list(made["properties"])
        made["additionalProperties"] = False
    return made
