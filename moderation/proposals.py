"""Turns what a person decided into a proposed eval case, with where it came from.

A curator accepts or discards it later. Decides no label of its own: it reads the
decision.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from moderation.access.actor import Actor
from moderation.models import Correction, Decision, EvalCase, ReviewTask
from moderation.models.transition import move
from moderation.states import CaseState, Outcome


def propose_case(
    *, decision: Decision, corrections: Sequence[Correction], at: datetime
) -> EvalCase:
    """Propose a case from a person's decision."""
    return _proposed(
        decision,
        at,
        provenance="correction" if corrections else "decision",
        correction=corrections[0] if corrections else None,
        is_corrected=bool(corrections),
    )


def propose_spot_check_case(
    *, task: ReviewTask, decision: Decision, at: datetime
) -> EvalCase:
    """Propose a case from a spot check, with the probability that it was drawn."""
    return _proposed(
        decision,
        at,
        provenance="spot_check",
        task=task,
        sampling_probability=task.sampling_probability,
        is_corrected=decision.moderator_id is not None,
    )


def withdraw_case(*, decision: Decision, by: Actor, at: datetime) -> None:
    """Discard the proposed case of a decision that was taken back."""
    for case in EvalCase.objects.filter(decision=decision, state=CaseState.PROPOSED):
        move(
            case,
            CaseState.DISCARDED,
            by=by.label,
            action="undo",
            change={"curated_at": at, "curated_by": by.user},
        )


def _proposed(
    decision: Decision, at: datetime, *, is_corrected: bool, **parts: Any
) -> EvalCase:
    submission = decision.submission
    approved = decision.outcome == Outcome.APPROVED
    label = "reject" if decision.outcome == Outcome.REJECTED else "approve_with_fixes"
    if approved and not is_corrected:
        label = "approve"
    number = EvalCase.objects.filter(decision=decision).count() + 1
    return EvalCase.objects.create(
        reference=f"{decision.public_id}-{number}",
        listing=submission.raw,
        expected={
            "decision": label,
            "policy_codes": [clause["code"] for clause in decision.clauses],
            "fields": decision.published or {},
            "needs_human": decision.outcome == Outcome.CHANGES_NEEDED,
        },
        merchant_id=submission.merchant_id,
        decision=decision,
        proposed_at=at,
        **parts,
    )
