"""Where a listing stands in the merchant's words: state, what happened, what to do.

Pure over rows that are already read. Decides words only; the machine that moves
states is elsewhere. Never shows a model's own words or a moderator's name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moderation.models import Decision, Submission
from moderation.states import DecidedBy, Outcome, SubmissionState

FIELD_NAMES = {
    "title": "title",
    "description": "description",
    "price": "price",
    "currency": "currency",
    "category": "category",
    "brand": "brand",
    "condition": "condition",
    "language": "language",
    "attributes": "details",
    "image_urls": "photos",
    "images": "photos",
    "document_urls": "documents",
    "external_id": "reference",
    "listing": "listing",
}
BY_OUTCOME = {
    Outcome.APPROVED: "live",
    Outcome.CHANGES_NEEDED: "changes_needed",
    Outcome.REJECTED: "rejected",
}


# A moderator's own words are shown in a list when they are as short as this.
MAX_SAID = 90


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the progress line: its state, name and a remark."""

    mark: str
    name: str
    at: datetime | None = None
    remark: str = ""
    is_now: bool = False


def state_of(submission: Submission, decision: Decision | None, now: datetime) -> str:
    """Return live, changes_needed, rejected, checking or withdrawn.

    A decision inside its undo window is not owed yet: the merchant still waits.
    """
    if submission.state == SubmissionState.WITHDRAWN:
        return "withdrawn"
    if decision is None or decision.effective_at > now:
        return "checking"
    return BY_OUTCOME[Outcome(decision.outcome)]


def happened(submission: Submission, decision: Decision | None, state: str) -> str:
    """Return one sentence for a list: what was done, or what there is to do."""
    if state == "withdrawn":
        return "Taken back or replaced."
    if state == "checking":
        # Decided and still being checked: inside the window of its undo.
        if submission.state in (SubmissionState.IN_REVIEW, SubmissionState.DECIDED):
            return "A person reads it."
        return "Our checker reads it."
    clauses = codes_of(decision)
    if state == "live":
        if clauses:
            return f"Mended under {_listed(clauses)}."
        tidied = tidied_fields(submission.changes)
        return f"We tidied the {_listed(tidied)}." if tidied else "As sent."
    if decision is None or not clauses:
        return "See the statement."
    if state == "rejected":
        return f"Not accepted under {_listed(clauses)}."
    said = decision.statement.strip().split("\n")[0]
    if said and len(said) <= MAX_SAID:
        return f"{said.rstrip('.')}, rule {_listed(clauses)}."
    return f"Mend the {_listed(fields_of(decision))} under {_listed(clauses)}."


def codes_of(decision: Decision | None) -> list[str]:
    """Return the clause codes a decision rests on, each once, in order."""
    found = [str(c.get("code", "")) for c in decision.clauses] if decision else []
    return list(dict.fromkeys(code for code in found if code))


def fields_of(decision: Decision) -> list[str]:
    """Return the fields that a decision's clauses name, in plain words, each once."""
    names = [
        FIELD_NAMES.get(str(clause.get("field") or "listing"), "details")
        for clause in decision.clauses
    ]
    return list(dict.fromkeys(names))


def tidied_fields(changes: Iterable[dict[str, Any]]) -> list[str]:
    """Return the fields that were visibly tidied, in plain words, each once."""
    names = [
        FIELD_NAMES.get(str(change.get("field", "")).split(".")[0], "details")
        for change in changes
        if not change.get("silent")
    ]
    return list(dict.fromkeys(names))


def _listed(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def steps_of(
    submission: Submission, decision: Decision | None, state: str
) -> tuple[Step, ...]:
    """Return the four steps from received to live, and where it is now."""
    received = Step("s-done", "Received", submission.received_at)
    live = Step("s-todo", "Live", None, "Usually within a minute after")
    if state == "withdrawn":
        return (received, Step("s-bad", "Withdrawn", submission.state_changed_at))
    if state == "checking":
        with_person = submission.state != SubmissionState.RECEIVED and (
            submission.state != SubmissionState.ASSESSING
        )
        machine = Step("s-done", "Read by our checker", None, "It asked for a person")
        person = Step("s-now", "A person reads it", None, "Nothing to do", True)
        checker = Step("s-now", "Our checker reads it", None, "Usually 40 s", True)
        return (
            (received, machine, person, live)
            if with_person
            else (
                received,
                checker,
                live,
            )
        )
    assert decision is not None
    by = "our checker" if decision.decided_by == DecidedBy.MACHINE else "a person"
    read = Step("s-done", f"Read by {by}", decision.decided_at)
    if state == "live":
        return (received, read, Step("s-done", "Live", decision.effective_at))
    if state == "rejected":
        return (received, read, Step("s-bad", "Not accepted", decision.effective_at))
    count = len(codes_of(decision)) or 1
    turn = f"Your turn: {count} change{'s' if count > 1 else ''}"
    return (received, read, Step("s-now", turn, None, "No rush", True), live)
