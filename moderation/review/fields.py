"""Which fields a moderator must settle, and what there is to choose from.

Pure over a submission and its assessment. Nothing doubtful is preselected:
keeping the proposal and correcting it cost the same. What each pick means is
worked out again from the stored rows when the decision is posted, so a page
never carries a value back that it was not shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moderation.content import Content
from moderation.states import ClauseAction

# Short fields first within a group; a long one is read last.
ORDER = (
    "category",
    "title",
    "price",
    "condition",
    "brand",
    "description",
    "attributes",
)
LABELS = {
    "title": "Title",
    "description": "Description",
    "price": "Price",
    "currency": "Currency",
    "category": "Category",
    "brand": "Brand",
    "condition": "Condition",
    "attributes": "Attributes",
}
CONDITIONS = {
    "new": "New",
    "used_like_new": "Used, like new",
    "used_good": "Used, good",
    "used_acceptable": "Used, acceptable",
    "refurbished": "Refurbished",
    "for_parts": "For parts",
}
DOLLARS = ("USD", "CAD", "AUD", "SGD")
MAX_CANDIDATES = 8
# From here on a field keeps its usual place on the screen.
SURE = 0.8


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value to choose, with the key that picks it and where it comes from."""

    key: int
    value: str
    source: str

    @property
    def is_other(self) -> bool:
        """Return whether it stands for a value still to be typed."""
        return not self.source or self.source == "type it"


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the moderator sees it."""

    name: str
    value: str
    before: str
    confidence: float | None
    threshold: float | None
    why: str
    candidates: tuple[Candidate, ...]
    tells: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """Return the field's name on the screen."""
        return LABELS[self.name]

    @property
    def is_doubtful(self) -> bool:
        """Return whether somebody must settle it before approving."""
        return bool(self.candidates)

    @property
    def is_changed(self) -> bool:
        """Return whether it reads differently from what was sent."""
        return self.value != self.before

    @property
    def is_long(self) -> bool:
        """Return whether marks within the text say more than the earlier value."""
        return self.name == "description" or len(self.value) > 120

    @property
    def is_list(self) -> bool:
        """Return whether it is typed as one name and value a line."""
        return self.name == "attributes"

    @property
    def spoken(self) -> str:
        """Return the value in words where the stored one is a code."""
        return CONDITIONS.get(self.value, self.value)

    @property
    def other_key(self) -> int:
        """Return the key of the candidate that is typed, 0 without one."""
        return self.candidates[-1].key if self.candidates else 0


def text_of(content: Content, name: str) -> str:
    """Return a field as text: attributes one a line, price with its currency."""
    if name == "attributes":
        return "\n".join(f"{key}: {value}" for key, value in content.attributes.items())
    if name == "price":
        return f"{content.price} {content.currency}".strip()
    return str(getattr(content, name))


def fields_of(
    *,
    raw: Content,
    tidied: Content,
    shown: Content,
    findings: Sequence[Mapping[str, Any]],
    confidence: Mapping[str, float],
    thresholds: Mapping[str, float],
    asks: Mapping[str, str],
) -> tuple[Field, ...]:
    """Return every field that holds something, the doubtful ones first.

    Args:
        raw, tidied, shown: as sent, after the quality rules, as proposed.
        findings: the model's clauses, each code, field, quote, action.
        confidence, thresholds: by field, 0 to 1; empty after a failure.
        asks: field to the words of a quality rule that wants a person.
    """
    made = []
    for name in ORDER:
        value, before = text_of(shown, name), text_of(raw, name)
        if not value and not before and name not in asks:
            continue
        given, needed = confidence.get(name), thresholds.get(name)
        why = _why(name, given, needed, findings, asks)
        made.append(
            Field(
                name=name,
                value=value,
                before=before,
                confidence=given,
                threshold=needed,
                why=why,
                candidates=_candidates(name, value, tidied, raw, given) if why else (),
                tells=_tells(name, findings),
            )
        )
    return tuple(sorted(made, key=_rank))


def _rank(item: Field) -> tuple[bool, float]:
    """Put what must be settled first, then what the model was least sure of."""
    unsure = item.confidence if item.confidence is not None else 1.0
    return not item.is_doubtful, unsure if unsure < SURE else 1.0


def _why(
    name: str,
    given: float | None,
    needed: float | None,
    findings: Sequence[Mapping[str, Any]],
    asks: Mapping[str, str],
) -> str:
    if name in asks or (name == "price" and "currency" in asks):
        return asks.get(name) or asks["currency"]
    if given is not None and needed is not None and given < needed:
        return f"{LABELS[name]} scored {given:.2f} and needs {needed:.2f}."
    for finding in findings:
        if finding.get("field") == name and finding.get("action") == ClauseAction.ASK:
            return str(finding.get("explanation") or f"{finding['code']} asks.")
    return ""


def _tells(
    name: str, findings: Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, str], ...]:
    """Return the clauses under which the merchant is told of a fix here."""
    return tuple(
        (str(finding["code"]), str(finding.get("quote", "")))
        for finding in findings
        if finding.get("field") == name and finding.get("action") == ClauseAction.FIX
    )


def _candidates(
    name: str, value: str, tidied: Content, raw: Content, given: float | None
) -> tuple[Candidate, ...]:
    score = f" {given:.2f}" if given is not None else ""
    offers = [
        (value, f"proposed{score}"),
        (text_of(tidied, name), "tidied by rules"),
        (text_of(raw, name), "as submitted"),
    ]
    if name == "condition":
        offers += [(code, "from the list") for code in CONDITIONS]
    if name == "price" and tidied.price:
        offers += [(f"{tidied.price} {code}", "if meant so") for code in DOLLARS]
    seen: list[tuple[str, str]] = []
    for text, source in offers:
        if text and text not in (known for known, _ in seen):
            seen.append((text, source))
    made = [
        Candidate(key, text, source)
        for key, (text, source) in enumerate(seen[:MAX_CANDIDATES], start=1)
    ]
    return (*made, Candidate(len(made) + 1, "", "type it"))


def typed_value(name: str, text: str) -> dict[str, Any]:
    """Return typed text as the fields it corrects: price holds two of them."""
    text = text.replace("\r\n", "\n").strip()
    if name == "attributes":
        pairs = (line.partition(":") for line in text.splitlines() if line.strip())
        return {name: {key.strip(): value.strip() for key, _, value in pairs}}
    if name == "price":
        amount, _, currency = text.rpartition(" ")
        if amount and currency.isalpha():
            return {"price": amount.strip(), "currency": currency.upper()}
        return {"price": text}
    return {name: text}
