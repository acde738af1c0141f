"""Which version judges a submission, which one only looks on, and who was stopped.

Reads the one rollout under way. Decides nothing about stages: that is stages.py.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

import structlog

from moderation.models import PipelineVersion, Rollout, Submission
from moderation.prompts import UnknownPromptError
from moderation.rollout.assign import bucket, is_on_candidate
from moderation.states import RolloutState
from moderation.versions import Served, baseline, served

log = structlog.get_logger(__name__)

UNDER_WAY = (RolloutState.SHADOW, RolloutState.PILOT, RolloutState.RAMPING)
SERVING = (RolloutState.PILOT, RolloutState.RAMPING)


@dataclass(frozen=True, slots=True)
class Assigned:
    """What one submission is judged by.

    Attributes:
        version: judges, and may act.
        bucket: the merchant's slot in the rollout; None without a rollout.
        shadow: judges too, and is only recorded.
        rollout_id: the rollout that said so.
    """

    version: Served
    bucket: int | None = None
    shadow: Served | None = None
    rollout_id: int | None = None


def under_way() -> Rollout | None:
    """Return the rollout under way; the database allows one at most."""
    return Rollout.objects.filter(state__in=UNDER_WAY).first()


def bucket_of(rollout: Rollout, merchant_id: int) -> int:
    """Return a merchant's slot: by primary key, which never changes; a slug may."""
    return bucket(rollout.salt, str(merchant_id))


def pilots_of(rollout: Rollout) -> frozenset[int]:
    """Return the merchants who were named to go first."""
    return frozenset(rollout.pilot_merchants.values_list("pk", flat=True))


def is_served_by_candidate(
    rollout: Rollout, merchant_id: int, pilots: Collection[int], slot: int
) -> bool:
    """Tell whether a merchant is on the candidate's side now."""
    if rollout.state not in SERVING:
        return False
    if merchant_id in pilots:
        return True
    return rollout.state == RolloutState.RAMPING and is_on_candidate(
        slot, rollout.percent
    )


def assign(submissions: Iterable[Submission]) -> dict[int, Assigned]:
    """Return what judges each submission, by its primary key.

    Raises:
        PipelineVersion.DoesNotExist: nothing is set up.
    """
    rows = list(submissions)
    rollout = under_way()
    candidate = _loaded(rollout) if rollout else None
    if rollout is None or candidate is None:
        plain = Assigned(served(baseline().pk))
        return {row.pk: plain for row in rows}
    old, pilots = served(rollout.baseline_id), pilots_of(rollout)
    found: dict[int, Assigned] = {}
    for row in rows:
        slot = bucket_of(rollout, row.merchant_id)
        if is_served_by_candidate(rollout, row.merchant_id, pilots, slot):
            found[row.pk] = Assigned(candidate, slot, None, rollout.pk)
        else:
            found[row.pk] = Assigned(old, slot, candidate, rollout.pk)
    return found


def _loaded(rollout: Rollout) -> Served | None:
    """Return the candidate, None where this process cannot run it."""
    try:
        return served(rollout.candidate_id)
    except UnknownPromptError:
        # An older image beside a newer one: it serves the baseline, not nothing.
        log.exception("candidate_not_loadable", rollout=rollout.public_id)
        return None


def pin(submissions: Iterable[Submission], assigned: Mapping[int, Assigned]) -> None:
    """Write version and bucket on claimed submissions, under their leases."""

    def wanted(row: Submission) -> tuple[int, int]:
        given = assigned[row.pk]
        return given.version.pk, -1 if given.bucket is None else given.bucket

    rows = [
        row
        for row in submissions
        if (row.pipeline_id, row.bucket)
        != (assigned[row.pk].version.pk, assigned[row.pk].bucket)
    ]
    for (version, slot), some in groupby(sorted(rows, key=wanted), key=wanted):
        same = list(some)
        place = None if slot < 0 else slot
        Submission.objects.filter(
            pk__in=[row.pk for row in same],
            lease_token__in={row.lease_token for row in same},
        ).update(pipeline_id=version, bucket=place)
        for row in same:
            row.pipeline_id, row.bucket = version, place


def stopped(versions: Collection[int]) -> frozenset[int]:
    """Return those of the versions that were stopped and may approve nothing now.

    A version is stopped when its newest rollout is halted or given up and it is not
    what serves anyway. What is in flight by a version that was merely replaced
    finishes on the version it started with.
    """
    newest = dict(
        Rollout.objects.filter(candidate__in=versions)
        .order_by("id")
        .values_list("candidate", "state")
    )
    halted = {
        version
        for version, state in newest.items()
        if state in (RolloutState.HALTED, RolloutState.CLOSED, RolloutState.SHADOW)
    }
    if not halted:
        return frozenset()
    try:
        halted.discard(baseline().pk)
    except PipelineVersion.DoesNotExist:
        log.warning("no_baseline")
    return frozenset(halted)
