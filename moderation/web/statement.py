"""The statement of reasons as a merchant reads it, and what is left to mend.

Decides the words around a decision: the merchant's own words, the clause, who
decided, how to disagree. Never shows a model's rationale, a note or a name.
"""

from dataclasses import dataclass
from typing import Any

from moderation.content import Content
from moderation.models import Decision, PolicyClause, Submission
from moderation.states import DecidedBy
from moderation.web import forms, standing

# Inputs of a listing that is sent again, in the order of the form.
REST = tuple(
    name for name in forms.LABELS if name not in ("external_id", "document_urls")
)

# Words either side of a quote, so that the merchant finds the place.
AROUND = 60


@dataclass(frozen=True, slots=True)
class Ground:
    """One clause of a decision with the words that caused it."""

    code: str
    title: str
    text: str
    field: str
    quote: str
    context: str

    @property
    def where(self) -> str:
        """Return the field in plain words."""
        return standing.FIELD_NAMES.get(self.field, "listing")

    @property
    def input(self) -> str:
        """Return the input of the form that mends it."""
        return forms.input_of(self.field)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is owed with a decision: grounds, words, who decided, what to do."""

    grounds: tuple[Ground, ...]
    text: str
    by_person: bool
    after_machine: bool


def of(submission: Submission, decision: Decision) -> Statement:
    """Return the statement of a decision on a submission."""
    codes = standing.codes_of(decision)
    known = _clauses(codes)
    content = {**(submission.raw or {})}
    grounds = tuple(
        _ground(clause, known, content)
        for clause in decision.clauses
        if clause.get("code")
    )
    return Statement(
        grounds=grounds,
        text=decision.statement,
        by_person=decision.decided_by == DecidedBy.PERSON,
        after_machine=decision.assessment_id is not None,
    )


def _clauses(codes: list[str]) -> dict[str, PolicyClause]:
    """Return the newest wording of each code."""
    found = PolicyClause.objects.filter(code__in=codes).order_by("policy_id")
    return {clause.code: clause for clause in found}


def _ground(
    clause: dict[str, Any], known: dict[str, PolicyClause], content: dict[str, Any]
) -> Ground:
    code = str(clause["code"])
    field = str(clause.get("field") or "listing")
    quote = str(clause.get("quote") or "")
    found = known.get(code)
    return Ground(
        code=code,
        title=found.title if found else "",
        text=_first_sentences(found.text) if found else "",
        field=field,
        quote=quote,
        context=around(str(content.get(field) or ""), quote),
    )


def _first_sentences(text: str, limit: int = 220) -> str:
    if len(text) <= limit:
        return text
    cut = text[:limit].rfind(". ")
    return text[: cut + 1] if cut > 60 else text[:limit].rsplit(" ", 1)[0] + "..."


def around(text: str, quote: str) -> str:
    """Return the quote with some of the merchant's words either side."""
    place = text.lower().find(quote.lower()) if quote else -1
    if place < 0 or len(text.lower()) != len(text):
        return quote
    start, end = max(0, place - AROUND), min(len(text), place + len(quote) + AROUND)
    if start:
        start = text.find(" ", start, place) + 1 or start
    if end < len(text):
        end = (
            text.rfind(" ", place + len(quote), end)
            if " " in text[place + len(quote) : end]
            else end
        )
    before = "..." if start else ""
    after = "..." if end < len(text) else ""
    return f"{before}{text[start:end].strip()}{after}"


def differences(before: Content, after: Content) -> list[tuple[str, str, str]]:
    """Return name, before and after of every field that reads differently."""
    found = [
        (forms.LABELS[name], str(getattr(before, name)), str(getattr(after, name)))
        for name in forms.TEXT_INPUTS
        if name not in ("external_id", "language")
        and getattr(before, name) != getattr(after, name)
    ]
    names = dict.fromkeys([*before.attributes, *after.attributes])
    found += [
        (name, before.attributes.get(name, ""), after.attributes.get(name, ""))
        for name in names
        if before.attributes.get(name) != after.attributes.get(name)
    ]
    return found


def mending(
    submission: Submission, state: str, grounds: tuple[Ground, ...]
) -> dict[str, Any]:
    """Return the form that sends the listing again, flagged inputs in their cards.

    Each card is a ground and the input that mends it, where it is not in an
    earlier card already; the rest of the inputs stand in one fold.
    """
    if state not in ("changes_needed", "rejected", "withdrawn") or not submission.raw:
        return {"form": None}
    values = forms.values_of(submission.raw)
    values["external_id"] = submission.listing.external_id
    inputs = forms.entries(values)
    cards: list[tuple[Ground, forms.Entry | None]] = []
    placed: set[str] = set()
    for ground in grounds:
        name = ground.input
        fits = ground.field != "listing" and name not in placed
        cards.append((ground, inputs[name] if fits else None))
        placed |= {name} if fits else set()
    return {
        "form": inputs,
        "cards": cards,
        "rest": [inputs[name] for name in REST if name not in placed],
        "has_inputs": bool(placed),
        "currencies": forms.CURRENCIES,
        "conditions": forms.CONDITIONS,
    }
