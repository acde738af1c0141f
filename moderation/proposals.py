"""Every decision of a person proposes one eval case, in its own transaction.

Decides what label a decision amounts to; refuses to know what a curator will make
of it. Nothing proposed here is used before it is accepted.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from moderation.access.actor import MACHINE, Actor
from moderation.models import (
    AuditEvent,
    Correction,
    Decision,
    EvalCase,
    ReviewTask,
    Submission,
)
from moderation.models.transition import move
from moderation.states import CaseState, DecidedBy, Outcome

# The published values that have one right answer, as labelled cases name them.
LABELLED = ("title", "description", "price", "currency", "brand", "condition")
MAX_QUOTE = 200


def propose_case(
    *, decision: Decision, corrections: Sequence[Correction], at: datetime
) -> EvalCase:
    """Propose the case that a person's decision is; the caller's transaction.

    Args:
        decision: a person's, just stored.
        corrections: its differences against the assessment, as stored.
        at: when it was decided.

    Returns:
        The proposed case: provenance "correction" where something was corrected.
    """
    first = next((row for row in corrections if row.kind == "field"), None)
    return _propose(
        reference=decision.public_id,
        decision=decision,
        corrections=corrections,
        provenance="correction" if corrections else "decision",
        at=at,
        correction=first or next(iter(corrections), None),
        task=decision.task,
    )


def propose_spot_check_case(
    *, task: ReviewTask, decision: Decision, at: datetime
) -> EvalCase:
    """Propose the case that a finished spot check is; the caller's transaction.

    Args:
        task: the spot check, with the probability it was drawn with.
        decision: the overturning one, or the machine's that was confirmed.
        at: when it was finished.
    """
    return _propose(
        reference=task.public_id,
        decision=decision,
        corrections=list(decision.corrections.all()),
        provenance="spot_check",
        at=at,
        task=task,
        sampling_probability=task.sampling_probability,
    )


def withdraw_case(*, decision: Decision, by: Actor, at: datetime) -> None:
    """Discard the case of a decision that was undone; the caller's transaction.

    One that was accepted meanwhile is discarded too: its label never held.
    """
    cases = EvalCase.objects.filter(decision=decision).exclude(
        state=CaseState.DISCARDED
    )
    for case in cases:
        move(
            case,
            CaseState.DISCARDED,
            by=by.label,
            action="withdraw",
            change={"curated_by": by.user, "curated_at": at},
            reason="The decision no longer stands.",
            data={"decision": decision.public_id},
        )


def label_of(decision: Decision, corrections: Iterable[Correction]) -> dict[str, Any]:
    """Return the label a decision amounts to, in the form of labelled cases.

    Approved as it came is approve. Approved with corrections, or with changes that
    a rule made and named, is approve_with_fixes; so is changes_needed, which only
    a person may see to.
    """
    submission = decision.submission
    codes = {str(clause["code"]) for clause in decision.clauses}
    if decision.outcome == Outcome.REJECTED:
        return _label("reject", codes)
    if decision.outcome == Outcome.CHANGES_NEEDED:
        return _label("approve_with_fixes", codes, needs_human=True)
    codes |= named_codes(submission)
    fixed = bool(codes) or any(row.kind == "field" for row in corrections)
    label = _label("approve_with_fixes" if fixed else "approve", codes)
    published: Mapping[str, Any] = decision.published or {}
    label["fields"] = {name: published.get(name) or None for name in LABELLED}
    gone = _texts_gone(decision.clauses, submission.raw or {}, published)
    if gone:
        label["must_not_contain"] = gone
    return label


def named_codes(submission: Submission) -> set[str]:
    """Return the codes of rules that changed or asked something, and said so."""
    changes = [row for row in submission.changes if not row.get("silent")]
    named = [row.get("code", "") for row in [*changes, *submission.requests]]
    return {code for code in named if code.startswith("Q-")}


def group_of(submission: Submission) -> str:
    """Return what must not be split apart: a merchant's near-duplicates."""
    merchant = f"m{submission.merchant_id}"
    return f"{merchant}:c{submission.cluster_id}" if submission.cluster_id else merchant


def _propose(
    *,
    reference: str,
    decision: Decision,
    corrections: Sequence[Correction],
    provenance: str,
    at: datetime,
    **links: Any,
) -> EvalCase:
    submission = decision.submission
    # What was taken back and holds again, or was answered anew, is another case.
    gone = EvalCase.objects.filter(
        reference__startswith=reference, state=CaseState.DISCARDED
    )
    before = gone.count()
    raw: Mapping[str, Any] = submission.raw or {}
    assessment = decision.assessment
    language = raw.get("language") or (assessment.language if assessment else "")
    case = EvalCase.objects.create(
        reference=f"{reference}-{before + 1}" if before else reference,
        listing=dict(raw),
        expected=label_of(decision, corrections),
        rationale=decision.private_note,
        origin="live",
        tags=[decision.outcome],
        language=(language or "")[:35],
        provenance=provenance,
        merchant_id=submission.merchant_id,
        decision=decision,
        group=group_of(submission),
        proposed_at=at,
        **links,
    )
    AuditEvent.objects.create(
        at=at,
        actor=_proposer(decision),
        action="propose",
        subject_type="EvalCase",
        subject_id=str(case.pk),
        to_state=CaseState.PROPOSED,
        data={"decision": decision.public_id, "provenance": provenance},
        request_id=decision.request_id,
    )
    return case


def _proposer(decision: Decision) -> str:
    moderator = decision.moderator
    if decision.decided_by == DecidedBy.PERSON and moderator is not None:
        return Actor.person(moderator).label
    return MACHINE.label


def _label(
    decision: str, codes: Iterable[str], *, needs_human: bool = False
) -> dict[str, Any]:
    return {
        "decision": decision,
        "policy_codes": sorted(codes),
        "needs_human": needs_human,
    }


def _texts_gone(
    clauses: Iterable[Mapping[str, str]],
    raw: Mapping[str, Any],
    published: Mapping[str, Any],
) -> list[str]:
    """Return the quoted words that stood in the listing and are gone from it."""
    before, after = _words(raw), _words(published)
    quotes = (clause.get("quote", "").strip()[:MAX_QUOTE] for clause in clauses)
    return [
        quote
        for quote in dict.fromkeys(quotes)
        if quote and quote.casefold() in before and quote.casefold() not in after
    ]


def _words(content: Mapping[str, Any]) -> str:
    parts = [value for value in content.values() if isinstance(value, str)]
    attributes = content.get("attributes") or {}
    return "\n".join([*parts, *(f"{k} {v}" for k, v in attributes.items())]).casefold()
