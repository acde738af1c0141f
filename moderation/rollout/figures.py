"""How the candidate does beside the baseline: pairs of judgements, and limits.

Reads only, and only the newest rows up to MOST. A pair is one listing judged by both
versions. A version is wrong about a listing when it would let live what a person did
not approve, or calls a violation what a person approved; being unsure is never wrong.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from moderation.models import Assessment, Decision, Rollout
from moderation.rollout.intervals import (
    Difference,
    mean,
    of_shares,
    paired,
    percentile,
    square_and_add,
)
from moderation.states import (
    AssessmentRole,
    DecidedBy,
    Outcome,
    Route,
    VerdictKind,
)

MOST = 20_000
# Of either version: with fewer rows nothing is said about a limit.
TOO_FEW = 50
POINTS = 40
# Before so many listings were checked by a person, no difference is named.
CHECKED_BEFORE_WORDS = 200
WRONG_LIMIT = 0.005


@dataclass(frozen=True, slots=True)
class Point:
    """The difference after so many checked listings."""

    n: int
    difference: Difference


@dataclass(frozen=True, slots=True)
class Pairs:
    """What both versions said of the same listings.

    Attributes:
        count: listings judged by both.
        more_work, less_work: those where only the baseline, only the candidate would
            approve.
        checked: those that a person decided, too.
        worse, better: of these, candidate wrong and baseline right; the reverse.
        both: of these, those that both were wrong about.
        points: how the difference grew, for the plot.
    """

    count: int
    more_work: int
    less_work: int
    checked: int
    worse: int
    better: int
    both: int
    points: tuple[Point, ...]

    @property
    def differ(self) -> int:
        """Return on how many listings the two go different ways."""
        return self.more_work + self.less_work

    @property
    def share(self) -> float:
        """Return the share on which they differ."""
        return self.differ / self.count if self.count else 0.0

    @property
    def difference(self) -> Difference:
        """Return the difference of their error rates now."""
        return paired(self.checked, self.worse, self.better)

    @property
    def speaks(self) -> bool:
        """Whether enough listings were checked to say anything."""
        return self.checked >= CHECKED_BEFORE_WORDS


def pairs_of(rollout: Rollout) -> Pairs:
    """Return what baseline and candidate said of the same listings."""
    human = (
        Decision.objects.effective()
        .filter(submission=OuterRef("submission"), decided_by=DecidedBy.PERSON)
        .order_by("-id")
    )
    looked = list(
        Assessment.objects.filter(
            pipeline=rollout.candidate_id,
            role=AssessmentRole.SHADOW,
            created_at__gte=rollout.started_at,
            failure__isnull=True,
            fallback_because__isnull=True,
        )
        .annotate(outcome=Subquery(human.values("outcome")[:1]))
        .order_by("-id")
        .values_list("submission", "route", "verdict", "outcome")[:MOST]
    )
    served = {
        row[0]: row[1:]
        for row in Assessment.objects.filter(
            pipeline=rollout.baseline_id,
            role=AssessmentRole.SERVING,
            submission__in=[row[0] for row in looked],
            failure__isnull=True,
        )
        .order_by("id")
        .values_list("submission", "route", "verdict")
    }
    rows = [
        (served[submission], (route, verdict), outcome)
        for submission, route, verdict, outcome in reversed(looked)
        if submission in served
    ]
    return _counted(rows)


def _counted(rows: Iterable[tuple[Any, Any, str | None]]) -> Pairs:
    count = more = less = checked = worse = better = both = 0
    tally: list[tuple[int, int]] = []
    for old, new, outcome in rows:
        count += 1
        approves = (old[0] == Route.AUTO_APPROVE, new[0] == Route.AUTO_APPROVE)
        more += approves == (True, False)
        less += approves == (False, True)
        if outcome is None:
            continue
        checked += 1
        wrong = (is_wrong(old[0], old[1], outcome), is_wrong(new[0], new[1], outcome))
        worse += wrong == (False, True)
        better += wrong == (True, False)
        both += wrong == (True, True)
        tally.append((worse, better))
    return Pairs(count, more, less, checked, worse, better, both, _points(tally))


def is_wrong(route: str, verdict: str | None, outcome: str) -> bool:
    """Tell whether a version was wrong about a listing that a person decided."""
    if outcome == Outcome.APPROVED:
        return verdict == VerdictKind.VIOLATION
    return route == Route.AUTO_APPROVE


def _points(tally: Sequence[tuple[int, int]]) -> tuple[Point, ...]:
    if not tally:
        return ()
    step = max(1, len(tally) // POINTS)
    ends = [*range(step, len(tally), step), len(tally)]
    return tuple(Point(n, paired(n, *tally[n - 1])) for n in ends)


@dataclass(frozen=True, slots=True)
class Limit:
    """One measure of both versions against how much worse the candidate may be.

    Attributes:
        unit: share, ms or microusd.
        allowed: the greatest difference, in the unit.
        n: rows behind the smaller side.
    """

    name: str
    unit: str
    base: float
    new: float
    difference: Difference
    allowed: float
    n: int

    @property
    def state(self) -> str:
        """Return early, within, close or crossed."""
        if self.n < TOO_FEW:
            return "early"
        if self.difference.value > self.allowed:
            return "crossed"
        return "close" if self.difference.high > self.allowed else "within"


def limits_of(rollout: Rollout, pairs: Pairs) -> tuple[Limit, ...]:
    """Return the measures, each with its interval; the cost is the last."""
    old = _judged(rollout, rollout.baseline_id)
    new = _judged(rollout, rollout.candidate_id)
    return (
        _wrong(pairs),
        _overturns(rollout),
        _failures(old, new),
        _latency(old, new),
        _cost(old, new),
    )


def _wrong(pairs: Pairs) -> Limit:
    n = pairs.checked
    return Limit(
        "Wrong decisions",
        "share",
        (pairs.better + pairs.both) / n if n else 0.0,
        (pairs.worse + pairs.both) / n if n else 0.0,
        pairs.difference,
        WRONG_LIMIT,
        n if pairs.speaks else min(n, TOO_FEW - 1),
    )


Judged = Sequence[tuple[str | None, int, int]]


def _judged(rollout: Rollout, version: int) -> Judged:
    """Return failure, latency and cost of a version's assessments since the start."""
    return list(
        Assessment.objects.filter(pipeline=version, created_at__gte=rollout.started_at)
        .order_by("-id")
        .values_list("failure", "latency_ms", "cost_microusd")[:MOST]
    )


def _overturns(rollout: Rollout) -> Limit:
    """Compare how often people overturned what a version approved by itself."""
    found = dict.fromkeys((rollout.baseline_id, rollout.candidate_id), (0, 0))
    approved = Decision.objects.filter(
        decided_by=DecidedBy.MACHINE,
        pipeline__in=tuple(found),
        decided_at__gte=rollout.started_at,
    )
    for version, n in approved.values_list("pipeline").annotate(n=Count("id")):
        found[version] = (0, n)
    overturned = Decision.objects.filter(
        override_of__in=approved, decided_by=DecidedBy.PERSON, undone_at__isnull=True
    ).exclude(outcome=Outcome.APPROVED)
    by_version = overturned.values_list("override_of__pipeline").annotate(
        n=Count("override_of", distinct=True)
    )
    for version, k in by_version:
        found[version] = (k, found[version][1])
    k_old, n_old = found[rollout.baseline_id]
    k_new, n_new = found[rollout.candidate_id]
    return Limit(
        "Overturned by people",
        "share",
        k_old / n_old if n_old else 0.0,
        k_new / n_new if n_new else 0.0,
        of_shares(k_old, n_old, k_new, n_new),
        0.015,
        min(n_old, n_new),
    )


def _failures(old: Judged, new: Judged) -> Limit:
    k_old, k_new = (sum(row[0] is not None for row in rows) for rows in (old, new))
    return Limit(
        "Listings without an answer",
        "share",
        k_old / len(old) if old else 0.0,
        k_new / len(new) if new else 0.0,
        of_shares(k_old, len(old), k_new, len(new)),
        0.003,
        min(len(old), len(new)),
    )


def _latency(old: Judged, new: Judged) -> Limit:
    one = percentile([row[1] for row in old if row[0] is None], 0.95)
    other = percentile([row[1] for row in new if row[0] is None], 0.95)
    both = min(len(old), len(new))
    difference = square_and_add(one, other)
    return Limit("Time to answer, p95", "ms", one[0], other[0], difference, 1000, both)


def _cost(old: Judged, new: Judged) -> Limit:
    """Compare the mean cost; a fifth more is allowed, or a tenth of a cent."""
    one, other = mean([row[2] for row in old]), mean([row[2] for row in new])
    both = min(len(old), len(new))
    allowed = max(one[0] / 5, 1000.0)
    difference = square_and_add(one, other)
    name = "Cost of a listing"
    return Limit(name, "microusd", one[0], other[0], difference, allowed, both)
