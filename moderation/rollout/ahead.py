"""What the next stage of a rollout would change, worked out from the last seven days.

Reads only; what is not known yet is None, never a guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from moderation.models import AuditEvent, ReviewTask, Rollout, Submission
from moderation.rollout.assign import is_on_candidate
from moderation.rollout.assignment import (
    bucket_of,
    is_served_by_candidate,
    pilots_of,
)
from moderation.rollout.figures import TOO_FEW, Limit, Pairs, limits_of, pairs_of
from moderation.rollout.stages import next_stage
from moderation.states import RolloutState, TaskState

WEEK = timedelta(days=7)
TASKS = 500


@dataclass(frozen=True, slots=True)
class Ahead:
    """What an advance would change, worked out from the last seven days.

    Attributes:
        state, percent: where it leads.
        listings_now, listings_then: a day, on the candidate.
        listings: a day, of all merchants.
        merchants: who change version, of those who sent something.
        people: change of listings sent to people a day, from the pairs; None unknown.
        seconds: change of their time a day; None unknown.
        microusd: change of model cost a day; None unknown.
        worst: most wrong decisions more a day at 95%; None before enough are checked.
    """

    state: RolloutState
    percent: int
    listings_now: float
    listings_then: float
    listings: float
    merchants: int
    people: float | None
    seconds: float | None
    microusd: float | None
    worst: float | None

    @property
    def moved(self) -> float:
        """Return how many listings a day change version."""
        return self.listings_then - self.listings_now

    @property
    def share(self) -> float:
        """Return which part of all listings changes version."""
        return self.moved / self.listings if self.listings else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return what a step keeps of it."""
        return {
            "listings_a_day": [round(self.listings_now), round(self.listings_then)],
            "merchants": self.merchants,
            "people_a_day": self.people,
            "microusd_a_day": self.microusd,
            "worst_a_day": self.worst,
        }


def ahead_of(
    rollout: Rollout,
    now: datetime,
    pairs: Pairs | None = None,
    limits: Sequence[Limit] | None = None,
) -> Ahead | None:
    """Return what the next stage would change; None where there is none."""
    target = next_stage(rollout)
    if target is None:
        return None
    state, percent = target
    pairs = pairs_of(rollout) if pairs is None else pairs
    cost = (limits_of(rollout, pairs) if limits is None else limits)[-1]
    sent = Submission.objects.filter(received_at__gt=now - WEEK)
    by_merchant = list(sent.values_list("merchant").annotate(n=Count("id")))
    pilots = pilots_of(rollout)
    before = after = merchants = total = 0
    for merchant, n in by_merchant:
        slot = bucket_of(rollout, merchant)
        was = is_served_by_candidate(rollout, merchant, pilots, slot)
        will = merchant in pilots or (
            state == RolloutState.RAMPING and is_on_candidate(slot, percent)
        )
        before, after, total = before + n * was, after + n * will, total + n
        merchants += will and not was
    moved = (after - before) / 7
    people = None
    if pairs.count >= TOO_FEW:
        people = moved * (pairs.more_work - pairs.less_work) / pairs.count
    each = _seconds_a_task(now)
    return Ahead(
        state,
        percent,
        before / 7,
        after / 7,
        total / 7,
        merchants,
        people,
        people * each if people is not None and each is not None else None,
        moved * cost.difference.value if cost.n >= TOO_FEW else None,
        moved * max(0.0, pairs.difference.high) if pairs.speaks else None,
    )


def _seconds_a_task(now: datetime) -> float | None:
    """Return how long a task took from its last claim to its decision, this week."""
    done = dict(
        ReviewTask.objects.filter(
            state=TaskState.RESOLVED,
            resolved_at__gt=now - WEEK,
            decisions__isnull=False,
        )
        .order_by("-resolved_at")
        .values_list("public_id", "resolved_at")[:TASKS]
    )
    claims = AuditEvent.objects.filter(
        subject_type="ReviewTask", subject_id__in=list(done), action="claim"
    )
    began: dict[str, datetime] = dict(
        claims.order_by("id").values_list("subject_id", "at")
    )
    took = [
        (end - began[task]).total_seconds()
        for task, end in done.items()
        if end is not None and task in began
    ]
    return max(0.0, sum(took) / len(took)) if took else None
