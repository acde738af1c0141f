"""The verbs that take a rollout on: start, advance, resume, complete, close.

Each is one transaction with a guarded update by `revision`, a step and an audit row.
Which version judges whom follows from the row alone: nothing has to be told.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from moderation.access.actor import Actor
from moderation.models import (
    AuditEvent,
    Merchant,
    PipelineVersion,
    Rollout,
    RolloutStep,
)
from moderation.models.clock import database_now
from moderation.rollout.assignment import UNDER_WAY
from moderation.rollout.evidence import Evidence, evidence_for, gate_of
from moderation.rollout.refusals import (
    AlreadyUnderWayError,
    HeldError,
    NotNowError,
    UnknownMerchantError,
)
from moderation.rollout.second import awaits_second
from moderation.rollout.steps import (
    checked_note,
    clean,
    fresh,
    insist,
    move_rollout,
    nowhere,
)
from moderation.states import RolloutState
from moderation.versions import baseline as serving
from moderation.versions import served

STAGES = (1, 5, 25, 50, 100)


@dataclass(frozen=True, slots=True)
class Advanced:
    """What an advance did: a step, or nothing yet where a second admin is awaited."""

    rollout: Rollout
    step: RolloutStep | None

    @property
    def is_pending(self) -> bool:
        """Whether another admin has to confirm."""
        return self.step is None


def next_stage(rollout: Rollout) -> tuple[RolloutState, int] | None:
    """Return the state and percentage after this one; None where there is none."""
    if rollout.state == RolloutState.SHADOW and rollout.pilot_merchants.all():
        return RolloutState.PILOT, 0
    if rollout.state not in UNDER_WAY:
        return None
    ahead = [stage for stage in STAGES if stage > rollout.percent]
    return (RolloutState.RAMPING, ahead[0]) if ahead else None


def start(
    *,
    candidate: PipelineVersion,
    by: Actor,
    baseline: PipelineVersion | None = None,
    note: str = "",
    pilots: Collection[str] = (),
    request_id: str = "",
) -> Rollout:
    """Begin in shadow: the candidate looks on and has no effect.

    Args:
        candidate: the version that may replace the baseline.
        by: who starts it.
        baseline: what the candidate replaces; must serve now. Default: what serves.
        note: why, for the history.
        pilots: slugs of merchants who go first.

    Raises:
        AlreadyUnderWayError: there is one under way.
        NotNowError: the candidate serves already, or the baseline does not.
        UnknownMerchantError: a pilot is not here.
    """
    now_serving = serving()
    if baseline is not None and baseline.pk != now_serving.pk:
        raise NotNowError(f"{baseline.name} does not serve; {now_serving.name} does.")
    if candidate.pk == now_serving.pk:
        raise NotNowError(f"{candidate.name} serves everyone already.")
    served(candidate.pk)
    merchants = _pilots(pilots)
    try:
        with transaction.atomic():
            at = database_now()
            rollout = Rollout.objects.create(
                baseline=now_serving,
                candidate=candidate,
                salt=secrets.token_hex(16),
                started_by=by.label,
                started_at=at,
            )
            rollout.pilot_merchants.set(merchants)
            RolloutStep.objects.create(
                rollout=rollout,
                from_state=RolloutState.SHADOW,
                to_state=RolloutState.SHADOW,
                from_percent=0,
                to_percent=0,
                by_label=by.label,
                note=clean(note),
                figures={"pilots": sorted(row.slug for row in merchants)},
                at=at,
            )
            AuditEvent.objects.create(
                actor=by.label,
                action="start",
                subject_type="Rollout",
                subject_id=rollout.public_id,
                to_state=RolloutState.SHADOW,
                reason=clean(note),
                data={"candidate": candidate.name, "baseline": now_serving.name},
                request_id=request_id,
            )
    except IntegrityError as error:
        raise AlreadyUnderWayError(
            "A rollout is under way. Complete or stop it before another starts."
        ) from error
    return rollout


def advance(
    *,
    rollout: Rollout,
    revision: int,
    by: Actor,
    note: str,
    override: bool = False,
    figures: Mapping[str, Any] | None = None,
    request_id: str = "",
) -> Advanced:
    """Move the candidate one stage on: pilots first when there are any, then 1 to 100.

    Args:
        rollout: as read.
        revision: of the reading that the decision rests on.
        by: an admin.
        note: why, for the history and the audit log.
        override: go on without a passing gate or the minimum sample; the note then
            has OVERRIDE_NOTE or more characters, and the step is marked.
        figures: what the admin was shown, kept with the step.

    Raises:
        StaleRolloutError, HeldError, NotNowError, EvidenceMissingError,
        NoteTooShortError: nothing happened.
    """
    row = fresh(rollout, revision)
    target = next_stage(row)
    if target is None:
        raise NotNowError(nowhere(row))
    if row.is_held:
        raise HeldError("The rollout is held. End the hold before it advances.")
    evidence = evidence_for(row)
    note = checked_note(note, override=override and bool(evidence.missing))
    insist(evidence.missing, override=override)
    state, percent = target
    kept = {**evidence.as_dict(), **(figures or {})}
    with transaction.atomic():
        if awaits_second(row, percent, by=by, note=note, request_id=request_id):
            return Advanced(row, None)
        step = move_rollout(
            row,
            state,
            by=by,
            action="advance",
            note=note,
            percent=percent,
            evidence=evidence,
            figures=kept,
            is_override=bool(evidence.missing),
            request_id=request_id,
        )
    return Advanced(row, step)


def resume(
    *,
    rollout: Rollout,
    revision: int,
    by: Actor,
    note: str,
    override: bool = False,
    request_id: str = "",
) -> Advanced:
    """Take a stopped rollout up again at the first percentage, with a new reason.

    Raises:
        StaleRolloutError, NotNowError, AlreadyUnderWayError, EvidenceMissingError,
        NoteTooShortError: nothing happened.
    """
    row = fresh(rollout, revision)
    if row.state != RolloutState.HALTED:
        raise NotNowError("Only a stopped rollout is taken up again.")
    if row.baseline_id != serving().pk:
        raise NotNowError(f"{row.baseline.name} no longer serves. Start a new rollout.")
    run, words = gate_of(row.candidate)
    missing = () if run is not None and run.gate_passed else (words,)
    note = checked_note(note, override=override and bool(missing))
    insist(missing, override=override)
    try:
        with transaction.atomic():
            if awaits_second(row, STAGES[0], by=by, note=note, request_id=request_id):
                return Advanced(row, None)
            step = move_rollout(
                row,
                RolloutState.RAMPING,
                by=by,
                action="resume",
                note=note,
                percent=STAGES[0],
                evidence=Evidence(run, words, 0, 0),
                is_override=bool(missing),
                request_id=request_id,
            )
    except IntegrityError as error:
        raise AlreadyUnderWayError("Another rollout is under way.") from error
    return Advanced(row, step)


def complete(
    *,
    rollout: Rollout,
    revision: int,
    by: Actor,
    note: str,
    request_id: str = "",
) -> RolloutStep:
    """Make the candidate, which judges everyone, what serves from now on.

    Raises:
        StaleRolloutError, NotNowError, HeldError, NoteTooShortError.
    """
    row = fresh(rollout, revision)
    if row.state != RolloutState.RAMPING or row.percent < STAGES[-1]:
        raise NotNowError("A rollout is completed at 100%.")
    if row.is_held:
        raise HeldError("The rollout is held. End the hold before it is completed.")
    return move_rollout(
        row,
        RolloutState.COMPLETE,
        by=by,
        action="complete",
        note=checked_note(note),
        percent=100,
        change={"finished_at": Now()},
        request_id=request_id,
    )


def close(
    *,
    rollout: Rollout,
    revision: int,
    by: Actor,
    note: str = "",
    request_id: str = "",
) -> RolloutStep:
    """Give a stopped rollout up for good.

    Raises:
        StaleRolloutError, NotNowError.
    """
    row = fresh(rollout, revision)
    if row.state != RolloutState.HALTED:
        raise NotNowError("Only a stopped rollout is given up.")
    return move_rollout(
        row,
        RolloutState.CLOSED,
        by=by,
        action="close",
        note=clean(note),
        percent=0,
        change={"finished_at": Now()},
        request_id=request_id,
    )


def _pilots(slugs: Collection[str]) -> Sequence[Merchant]:
    wanted = {slug.strip() for slug in slugs if slug.strip()}
    found = list(Merchant.objects.filter(slug__in=wanted))
    unknown = sorted(wanted - {row.slug for row in found})
    if unknown:
        raise UnknownMerchantError(f"There is no merchant {', '.join(unknown)}.")
    return found
