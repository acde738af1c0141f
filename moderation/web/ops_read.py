"""The figures of the overview, each with its sample and one plain sentence.

Reads only, through the indexes made for it. Plots are drawn by the template from
the numbers here; nothing here knows a colour.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q

from moderation import monitor
from moderation.models import Assessment, Decision, ReviewTask, Rollout, Submission
from moderation.review.queue import QUEUES
from moderation.routing.route import FAILURE_WORDS
from moderation.states import (
    AssessmentRole,
    DecidedBy,
    FailureKind,
    RolloutState,
    TaskKind,
    TaskState,
)

HOUR, SLOTS = timedelta(hours=1), 30
SHARES = (1, 5, 25, 50, 100)
STAGES = ("shadow", "pilot", *(f"{share}%" for share in SHARES))


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a plot, in drawing units, with a second part on top."""

    x: float
    y: float
    width: float
    height: float
    label: str = ""
    top_y: float = 0.0
    top_height: float = 0.0
    is_marked: bool = False
    is_past: bool = False

    @property
    def middle(self) -> float:
        """Return where a label stands over the bar."""
        return round(self.x + self.width / 2, 1)

    @property
    def above(self) -> float:
        """Return the height of a label over the bar."""
        return round(self.y - 5, 1)


@dataclass(frozen=True, slots=True)
class Failures:
    """What failed in the last hour, by kind, and when."""

    count: int
    received: int
    kinds: tuple[tuple[str, int], ...]
    bars: tuple[Bar, ...]
    narrow: tuple[Bar, ...]
    highest: int
    since: datetime


@dataclass(frozen=True, slots=True)
class QueueAge:
    """How many tasks wait, and for how long, against the due time."""

    count: int
    oldest: timedelta
    due_in: timedelta
    late: int
    oldest_task: ReviewTask | None
    bars: tuple[Bar, ...]
    narrow: tuple[Bar, ...]
    highest: int


@dataclass(frozen=True, slots=True)
class Spend:
    """What model calls cost today, against the day's budget."""

    today_microusd: int
    budget_microusd: int | None
    assessed: int

    @property
    def share(self) -> float | None:
        """Return the share of the budget used, None without a budget."""
        if not self.budget_microusd:
            return None
        return self.today_microusd / self.budget_microusd

    @property
    def used(self) -> str:
        """Return the share in words."""
        return f"{(self.share or 0) * 100:.0f}% used"

    @property
    def each_microusd(self) -> int:
        """Return what one assessment cost on average."""
        return self.today_microusd // self.assessed if self.assessed else 0


@dataclass(frozen=True, slots=True)
class Automation:
    """Who decided today."""

    by_machine: int
    by_person: int

    @property
    def total(self) -> int:
        """Return all decisions."""
        return self.by_machine + self.by_person

    @property
    def share(self) -> float:
        """Return the machine's share of them, 0 to 1."""
        return self.by_machine / self.total if self.total else 0.0

    @property
    def people_share(self) -> float:
        """Return people's share of them, 0 to 1."""
        return self.by_person / self.total if self.total else 0.0


def failures(now: datetime) -> Failures:
    """Return the failures of the last hour beside what was received."""
    since = now - HOUR
    received = list(
        Submission.objects.filter(received_at__gt=since).values_list(
            "received_at", flat=True
        )[:20_000]
    )
    failed = list(
        Assessment.objects.failed()
        .filter(created_at__gt=since)
        .values_list("kind", "created_at")[:20_000]
    )
    kinds = Counter(kind for kind, _ in failed)
    tally = [_slots(received, since), _slots([at for _, at in failed], since)]
    highest = _nice(max(a + b for a, b in zip(*tally, strict=True)))
    return Failures(
        count=len(failed),
        received=len(received),
        kinds=tuple(
            (FAILURE_WORDS[FailureKind(kind)].rstrip("."), n)
            for kind, n in kinds.most_common(3)
        ),
        bars=_stacked(tally, highest, 492),
        narrow=_stacked(tally, highest, 298),
        highest=highest,
        since=since,
    )


def _slots(times: list[datetime], since: datetime) -> list[int]:
    slots = [0] * SLOTS
    for at in times:
        place = int((at - since) / HOUR * SLOTS)
        slots[min(SLOTS - 1, max(0, place))] += 1
    return slots


def _nice(value: int) -> int:
    """Return the top of an axis: the next 2, 4 or 10 times a power of ten."""
    power = 1
    while True:
        for step in (2, 4, 10):
            if value <= step * power:
                return step * power
        power *= 10


def _stacked(tally: list[list[int]], highest: int, width: int) -> tuple[Bar, ...]:
    """Return bars from x 24 on a plot 102 high, failures on top in their own part."""
    step = width / SLOTS
    bars = []
    for place, (fine, bad) in enumerate(zip(*tally, strict=True)):
        height, top = fine / highest * 102, bad / highest * 102
        x = round(24 + place * step + 1.5, 1)
        bars.append(
            Bar(
                x=x,
                y=round(110 - height, 1),
                width=round(step - 3, 1),
                height=round(height, 1),
                top_y=round(110 - height - top - (1 if fine else 0), 1),
                top_height=round(top, 1),
            )
        )
    return tuple(bars)


def queue(now: datetime) -> QueueAge:
    """Return the routed tasks that wait, by age, against their due time."""
    due_in = next(q.due_in for q in QUEUES.values() if q.kind == TaskKind.ROUTED)
    # Spot checks have days, not minutes: their own page shows how they stand.
    waiting = ReviewTask.objects.filter(
        state__in=[TaskState.OPEN, TaskState.CLAIMED]
    ).exclude(kind=TaskKind.SPOT_CHECK)
    edges = [due_in * part / 6 for part in range(7)]
    counted = waiting.aggregate(
        late=Count("id", filter=Q(due_at__lte=now)),
        **{
            f"b{i}": Count(
                "id",
                filter=Q(created_at__lte=now - edges[i])
                & (Q(created_at__gt=now - edges[i + 1]) if i < 6 else Q()),
            )
            for i in range(6)
        },
        over=Count("id", filter=Q(created_at__lte=now - edges[6])),
    )
    oldest = waiting.select_related("submission").order_by("created_at").first()
    heights = [counted[f"b{i}"] for i in range(6)] + [counted["over"]]
    highest = max(2, *heights)
    return QueueAge(
        count=sum(heights),
        oldest=now - oldest.created_at if oldest else timedelta(0),
        due_in=due_in,
        late=counted["late"],
        oldest_task=oldest,
        bars=_ages(heights, highest, 492),
        narrow=_ages(heights, highest, 298),
        highest=highest,
    )


def _ages(heights: list[int], highest: int, width: int) -> tuple[Bar, ...]:
    step = width / len(heights)
    last = max((i for i, n in enumerate(heights) if n), default=-1)
    return tuple(
        Bar(
            x=round(24 + i * step + 2, 1),
            y=round(110 - n / highest * 80, 1),
            width=round(step - 4, 1),
            height=round(n / highest * 80, 1),
            label=str(n) if n else "",
            is_marked=i == last,
        )
        for i, n in enumerate(heights)
    )


def spend(now: datetime) -> Spend:
    """Return today's spend in UTC, and the budget of the day."""
    budget = settings.REVIEWHUB_DAILY_BUDGET_USD
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Spend(
        today_microusd=monitor.spent_microusd(now.date()),
        budget_microusd=budget,
        assessed=Assessment.objects.filter(created_at__gte=midnight).count(),
    )


def automation(now: datetime) -> Automation:
    """Return who decided in the last 24 hours."""
    counted = (
        Decision.objects.effective()
        .filter(decided_at__gt=now - timedelta(days=1))
        .aggregate(
            machine=Count("id", filter=Q(decided_by=DecidedBy.MACHINE)),
            person=Count("id", filter=Q(decided_by=DecidedBy.PERSON)),
        )
    )
    return Automation(counted["machine"], counted["person"])


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the rollout under way stands, or what serves without one."""

    row: Rollout | None
    serving: str
    stops: tuple[Bar, ...]
    narrow: tuple[Bar, ...]

    @property
    def chip(self) -> tuple[str, str]:
        """Return the chip's kind and word."""
        if self.row is None:
            return "", "None under way"
        if self.row.is_held:
            return "mend", f"Held at {self.row.percent}%"
        if self.row.state == RolloutState.HALTED:
            return "late", "Stopped"
        if self.row.state == RolloutState.RAMPING:
            return "running", f"{self.row.percent}%"
        return "running", str(self.row.get_state_display()).capitalize()


def rollout() -> Progress:
    """Return the newest rollout that is not over, on its way through the stages."""
    over = [RolloutState.COMPLETE, RolloutState.CLOSED]
    row = (
        Rollout.objects.exclude(state__in=over)
        .select_related("candidate", "baseline")
        .order_by("-id")
        .first()
    )
    newest = Assessment.objects.filter(role=AssessmentRole.SERVING).order_by("-id")
    serving = newest.values_list("pipeline__name", flat=True).first() or ""
    return Progress(row, serving, _stops(row, 516), _stops(row, 322))


def _stops(row: Rollout | None, width: int) -> tuple[Bar, ...]:
    step = width / len(STAGES)
    now = -1
    if row is not None and row.state in (RolloutState.SHADOW, RolloutState.PILOT):
        now = (RolloutState.SHADOW, RolloutState.PILOT).index(row.state)
    elif row is not None and row.state == RolloutState.RAMPING:
        now = 2 + sum(row.percent > share for share in SHARES[:-1])
    return tuple(
        Bar(
            x=round(place * step + 1, 1),
            y=44,
            width=round(step - 4, 1),
            height=12,
            label=label,
            is_marked=place == now,
            is_past=place < now,
        )
        for place, label in enumerate(STAGES)
    )
