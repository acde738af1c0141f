"""What the answered spot checks say about auto-approval, read from the rows.

Reads the core stream alone; the arithmetic is audit.py's. What is drawn and not yet
answered is counted, and stated as what it would be at worst: all wrong.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from moderation.evals.audit import (
    Estimate,
    Stratum,
    checks_needed,
    false_approval_rate,
    sequence,
)
from moderation.models import Decision, ReviewTask
from moderation.review.spot_checks import CONFIRMED, CORE
from moderation.states import TaskKind, TaskState

WINDOW = timedelta(days=28)
# Two bounds at this risk make a 95% interval.
EACH_SIDE = 0.025
POINTS = 48


@dataclass(frozen=True, slots=True)
class Step:
    """Where the estimate stood after n answers, with bounds valid at any look."""

    n: int
    rate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The sample of one window and what follows from it.

    Attributes:
        went_live: auto-approvals that could be drawn; undrawable: those decided
            while the share was 0, of which nothing can be said.
        drawn, answered, wrong: spot checks; waiting: drawn and not answered.
        seen_before: answered again after the model's answer was shown.
        shares: the sampling probabilities in use, newest last.
        rate, worst: with what is answered; if all that wait were wrong.
        steps: the sequence of the newest stratum.
    """

    since: datetime
    promise: float
    went_live: int
    undrawable: int
    drawn: int
    answered: int
    wrong: int
    waiting: int
    seen_before: int
    shares: tuple[float, ...]
    rate: Estimate
    worst: Estimate
    steps: tuple[Step, ...]

    @property
    def needed(self) -> int:
        """Return how many answers without an error would keep the promise."""
        return checks_needed(self.promise) if 0 < self.promise < 1 else 0

    @property
    def verdict(self) -> str:
        """Return none, early, kept, broken or open."""
        if not self.answered:
            return "none"
        if self.rate.lower > self.promise:
            return "broken"
        if self.answered < self.needed:
            return "early"
        if self.undrawable:
            # Of those nobody could draw nothing is known, so nothing is kept.
            return "open"
        return "kept" if self.rate.upper <= self.promise else "open"


@dataclass(frozen=True, slots=True)
class _Check:
    """One drawn check; `is_wrong` is None while it waits."""

    share: float
    is_wrong: bool | None
    is_blind: bool


def figures(now: datetime, promise: float) -> Figures:
    """Return what the spot checks of the last 28 days say.

    Args:
        promise: the share of auto-approvals that may be wrong, 0 to 1.
    """
    since = now - WINDOW
    sizes = Counter(
        dict(
            Decision.objects.filter(
                decided_at__gt=since, sampling_probability__isnull=False
            )
            .values_list("sampling_probability")
            .annotate(n=Count("id"))
            .order_by()
        )
    )
    undrawable = sizes.pop(0.0, 0)
    checks = list(_checks(since))
    answers = [check for check in checks if check.is_wrong is not None]
    return Figures(
        since=since,
        promise=promise,
        went_live=sizes.total(),
        undrawable=undrawable,
        drawn=len(checks),
        answered=len(answers),
        wrong=sum(bool(check.is_wrong) for check in answers),
        waiting=len(checks) - len(answers),
        seen_before=sum(not check.is_blind for check in answers),
        shares=tuple(dict.fromkeys(check.share for check in checks)),
        rate=false_approval_rate(_strata(sizes, answers), EACH_SIDE),
        worst=false_approval_rate(
            _strata(
                sizes,
                [_Check(c.share, c.is_wrong in (None, True), True) for c in checks],
            ),
            EACH_SIDE,
        ),
        steps=_steps([c for c in answers if c.share == answers[-1].share]),
    )


def _checks(since: datetime) -> Iterable[_Check]:
    """Yield the checks in the order they were answered, those that wait last."""
    rows = ReviewTask.objects.filter(
        kind=TaskKind.SPOT_CHECK, stream=CORE, about__decided_at__gt=since
    ).values_list(
        "sampling_probability", "state", "resolution", "is_blind", "resolved_at", "id"
    )
    far = since + 2 * WINDOW
    for share, state, resolution, is_blind, _, _ in sorted(
        rows, key=lambda row: (row[4] or far, row[5])
    ):
        is_over = state == TaskState.RESOLVED
        yield _Check(
            share or 0.0, resolution != CONFIRMED if is_over else None, is_blind
        )


def _strata(sizes: Counter[float], checks: list[_Check]) -> list[Stratum]:
    seen = Counter(check.share for check in checks)
    wrong = Counter(check.share for check in checks if check.is_wrong)
    # A check may be newer than the count of what it was drawn from.
    return [
        Stratum(max(sizes[share], seen[share]), seen[share], wrong[share])
        for share in sorted({*sizes, *seen})
    ]


def _steps(answers: list[_Check]) -> tuple[Step, ...]:
    if not answers:
        return ()
    every = max(1, len(answers) // POINTS)
    steps, wrong = [], 0
    for n, check in enumerate(answers, start=1):
        wrong += bool(check.is_wrong)
        if n % every == 0 or n == len(answers):
            steps.append(Step(n, wrong / n, *sequence(wrong, n)))
    return tuple(steps)
