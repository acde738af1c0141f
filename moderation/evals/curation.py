"""A curator's verbs on proposed cases: accept, discard, mend the label, approve twice.

A case is used for nothing before it was accepted; an example in a prompt needs a
second person, because what stands there steers every answer.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from moderation.access.actor import Actor
from moderation.content import Problem
from moderation.evals.labels import label_problems
from moderation.models import AuditEvent, EvalCase
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.retrieval.policies import clauses_by_code, current_policy
from moderation.states import CaseState

# Splits that steer the model itself: they need two curators.
SHOWN_TO_MODELS = ("fewshot",)


class CurationError(ValueError):
    """The verb does not fit the case as it stands; the message says why."""


class InvalidLabelError(CurationError):
    """The label cannot be used; every problem is named."""

    def __init__(self, problems: tuple[Problem, ...]):
        self.problems = problems
        super().__init__(" ".join(problem.message for problem in problems))


def accept_case(
    *, case: EvalCase, by: Actor, request_id: str = "", now: datetime | None = None
) -> bool:
    """Accept a proposed case; False when somebody was first."""
    return _curate(case, CaseState.ACCEPTED, "accept", by, "", request_id, now)


def accept_cases(*, cases: Iterable[EvalCase], by: Actor, request_id: str = "") -> int:
    """Accept many proposed cases in one transaction; return how many it were."""
    now = database_now()
    with transaction.atomic():
        return sum(
            accept_case(case=case, by=by, request_id=request_id, now=now)
            for case in cases
            if case.state == CaseState.PROPOSED
        )


def discard_case(
    *,
    case: EvalCase,
    by: Actor,
    note: str,
    request_id: str = "",
    now: datetime | None = None,
) -> bool:
    """Discard a case with the reason; False when somebody was first.

    Datasets that were frozen with it keep it: they never change.

    Raises:
        CurationError: no reason, or it is discarded already.
    """
    if not note.strip():
        raise CurationError("Say why, for whoever looks for the case later.")
    if case.state == CaseState.DISCARDED:
        raise CurationError("It is discarded already.")
    return _curate(case, CaseState.DISCARDED, "discard", by, note, request_id, now)


def edit_label(
    *,
    case: EvalCase,
    label: Mapping[str, Any],
    by: Actor,
    note: str = "",
    request_id: str = "",
    now: datetime | None = None,
) -> EvalCase:
    """Put another label on a case; frozen datasets keep the one they took.

    A second approval is void: it was of the old label.

    Raises:
        InvalidLabelError: the label does not fit the schema or the policy.
        CurationError: the case is discarded.
    """
    problems = label_problems(label, clauses_by_code(current_policy().pk))
    if problems:
        raise InvalidLabelError(problems)
    with transaction.atomic():
        held = EvalCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if held.state == CaseState.DISCARDED:
            raise CurationError("A discarded case keeps its label.")
        before = held.expected
        held.expected = dict(label)
        held.second_approver, held.second_approved_at = None, None
        if held.split in SHOWN_TO_MODELS:
            held.split = ""
        held.save(
            update_fields=["expected", "second_approver", "second_approved_at", "split"]
        )
        changed = sorted(
            key for key in {*before, *label} if before.get(key) != label.get(key)
        )
        _note(held, "edit_label", by, note, {"changed": changed}, request_id, now)
    return held


def second_approve(
    *, case: EvalCase, by: Actor, request_id: str = "", now: datetime | None = None
) -> EvalCase:
    """Approve an accepted case as a second person.

    Raises:
        CurationError: it is not accepted, or the same person accepted it.
    """
    now = now or database_now()
    with transaction.atomic():
        held = EvalCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if held.state != CaseState.ACCEPTED:
            raise CurationError("Only an accepted case can be approved again.")
        if by.user is None or held.curated_by_id in (None, by.user.pk):
            raise CurationError("Another person than the one who accepted it must.")
        held.second_approver, held.second_approved_at = by.user, now
        held.save(update_fields=["second_approver", "second_approved_at"])
        _note(held, "second_approve", by, "", {}, request_id, now)
    return held


def set_split(
    *, case: EvalCase, split: str, by: Actor, request_id: str = ""
) -> EvalCase:
    """Say what an accepted case is kept for.

    Raises:
        CurationError: no such split, not accepted, or a prompt's example that
            nobody approved a second time.
    """
    with transaction.atomic():
        held = EvalCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if split not in dict(EvalCase.SPLITS):
            raise CurationError(f"There is no split {split}.")
        if held.state != CaseState.ACCEPTED:
            raise CurationError("Only an accepted case belongs to a split.")
        if split in SHOWN_TO_MODELS and held.second_approved_at is None:
            raise CurationError("An example in a prompt needs a second approval.")
        held.split = split
        held.save(update_fields=["split"])
        _note(held, "set_split", by, "", {"split": split}, request_id, None)
    return held


def _curate(
    case: EvalCase,
    target: CaseState,
    action: str,
    by: Actor,
    note: str,
    request_id: str,
    now: datetime | None,
) -> bool:
    if case.state == target:
        return False
    if target == CaseState.ACCEPTED and case.state == CaseState.DISCARDED:
        raise CurationError("A discarded case stays discarded.")
    return move(
        case,
        target,
        by=by.label,
        action=action,
        change={"curated_by": by.user, "curated_at": now or database_now()},
        reason=note,
        request_id=request_id,
    )


def _note(
    case: EvalCase,
    action: str,
    by: Actor,
    note: str,
    data: Mapping[str, Any],
    request_id: str,
    now: datetime | None,
) -> None:
    AuditEvent.objects.create(
        at=now or database_now(),
        actor=by.label,
        action=action,
        subject_type="EvalCase",
        subject_id=str(case.pk),
        from_state=case.state,
        to_state=case.state,
        reason=note[:500],
        data=dict(data),
        request_id=request_id,
    )
