"""What the rollout's pages show: the ladder, the plot, the limits, the history.

Turns figures into words and drawing units; works out none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moderation.models import PipelineVersion, Rollout, RolloutStep
from moderation.rollout.ahead import Ahead, ahead_of
from moderation.rollout.assignment import UNDER_WAY
from moderation.rollout.evidence import evidence_for, gate_of
from moderation.rollout.figures import (
    CHECKED_BEFORE_WORDS,
    WRONG_LIMIT,
    Limit,
    Pairs,
    limits_of,
    pairs_of,
)
from moderation.rollout.intervals import Difference
from moderation.rollout.second import needs_two, pending
from moderation.rollout.stages import STAGES
from moderation.states import RolloutState
from moderation.versions import baseline
from moderation.web import words

NOTE = 8
PAST = 20
# Chips: "closed" is the word of the intake's mode.
CHIP = {RolloutState.CLOSED: "given_up"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One stage of the ladder."""

    label: str
    place: str
    at: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The difference over checked listings, in drawing units."""

    band: str
    line: str
    zero: float
    limit: float
    end: float
    end_x: float
    ticks: tuple[tuple[float, str], ...]
    marks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One limit in words, with its interval on a scale of 240 units."""

    limit: Limit
    base: str
    new: str
    allowed: str
    low_x: float
    high_x: float
    value_x: float
    limit_x: float

    @property
    def tone(self) -> str:
        """Return the colour of the interval."""
        return {"crossed": "bad", "close": "warn"}.get(self.limit.state, "accent")


def overview() -> dict[str, Any]:
    """Return the rollouts, and what may be started."""
    rows = list(
        Rollout.objects.select_related("candidate", "baseline").order_by("-id")[:PAST]
    )
    current = next((row for row in rows if row.state in UNDER_WAY), None)
    try:
        serves: PipelineVersion | None = baseline()
    except PipelineVersion.DoesNotExist:
        serves = None
    others = PipelineVersion.objects.order_by("-id")
    return {
        "current": current,
        "past": [
            (row, CHIP.get(RolloutState(row.state), row.state))
            for row in rows
            if row is not current
        ],
        "serves": serves,
        "candidates": others.exclude(pk=serves.pk) if serves else others,
    }


def whole(rollout: Rollout, now: datetime) -> dict[str, Any]:
    """Return everything about one rollout."""
    pairs = pairs_of(rollout)
    limits = limits_of(rollout, pairs)
    steps = list(rollout.steps.select_related("gate_run").order_by("-id"))
    is_open = rollout.state in UNDER_WAY
    evidence = evidence_for(rollout) if is_open else None
    ahead = ahead_of(rollout, now, pairs, limits) if is_open else None
    difference = pairs.difference
    return {
        "rollout": rollout,
        "chip": CHIP.get(RolloutState(rollout.state), rollout.state),
        "is_open": is_open,
        "can_stop": is_open or _serves(rollout),
        "can_complete": rollout.state == RolloutState.RAMPING
        and rollout.percent == STAGES[-1],
        "stage": stage_name(rollout),
        "ladder": ladder(rollout, steps),
        "pilots": list(rollout.pilot_merchants.order_by("slug")),
        "certified": rollout.candidate.threshold_status == PipelineVersion.CERTIFIED,
        "evidence": evidence,
        "gate_words": evidence.gate_words
        if evidence
        else gate_of(rollout.candidate)[1],
        "pairs": pairs,
        "needed": CHECKED_BEFORE_WORDS,
        "checked_share": min(1.0, pairs.checked / CHECKED_BEFORE_WORDS),
        "difference": f"{abs(difference.value) * 100:.2f}",
        "is_less": difference.value < 0,
        "is_even": abs(difference.value) < 0.00005,
        "worst": f"{difference.high * 100:.2f}",
        "wrong_limit": f"{WRONG_LIMIT * 100:.2f}",
        "plot": plot(pairs) if pairs.speaks else None,
        "points": points(pairs) if pairs.speaks else (),
        "limits": [row_of(limit) for limit in limits],
        "close": sum(limit.state == "close" for limit in limits),
        "crossed": sum(limit.state == "crossed" for limit in limits),
        "ahead": ahead,
        "ahead_words": _ahead_words(ahead) if ahead else (),
        "ahead_name": percent_name(ahead.state, ahead.percent) if ahead else "",
        "pending": pending(rollout) if is_open else None,
        "needs_two": bool(ahead and needs_two(ahead.percent)),
        "history": [(step, move_words(rollout, step)) for step in steps],
        "note_length": NOTE,
    }


def _serves(rollout: Rollout) -> bool:
    return (
        rollout.state == RolloutState.COMPLETE
        and baseline().pk == rollout.candidate_id
        and not Rollout.objects.filter(state__in=UNDER_WAY).exists()
    )


def percent_name(state: str, percent: int) -> str:
    """Return a stage in words: shadow, the pilot merchants, 25%."""
    if state == RolloutState.PILOT:
        return "the pilot merchants"
    return "shadow" if state == RolloutState.SHADOW else f"{percent}%"


def stage_name(rollout: Rollout) -> str:
    """Return where a rollout stands, in words."""
    return percent_name(rollout.state, rollout.percent)


def move_words(rollout: Rollout, step: RolloutStep) -> str:
    """Return what a step did, in words after its author's name."""
    name = rollout.candidate.name
    if step.from_state == step.to_state and step.from_percent == step.to_percent:
        if "hold" in step.figures:
            return f"held {name}" if step.figures["hold"] else f"ended {name}'s hold"
        return f"started {name} in shadow"
    if step.to_state == RolloutState.HALTED:
        return f"stopped {name} at {percent_name(step.from_state, step.from_percent)}"
    if step.to_state == RolloutState.CLOSED:
        return f"gave {name}'s rollout up"
    if step.to_state == RolloutState.COMPLETE:
        return f"completed the rollout: {name} serves everyone"
    after = percent_name(step.to_state, step.to_percent)
    if step.from_state == RolloutState.HALTED:
        return f"took {name} up again at {after}"
    before = percent_name(step.from_state, step.from_percent)
    return f"moved {name} from {before} to {after}"


def ladder(rollout: Rollout, steps: Sequence[RolloutStep]) -> list[Rung]:
    """Return the stages with what was reached when."""
    reached = {(step.to_state, step.to_percent): step.at for step in reversed(steps)}
    stages: list[tuple[str, int]] = [(RolloutState.SHADOW, 0)]
    if rollout.pilot_merchants.exists():
        stages.append((RolloutState.PILOT, 0))
    stages += [(RolloutState.RAMPING, percent) for percent in STAGES]
    is_over = rollout.state == RolloutState.COMPLETE
    here = (rollout.state, rollout.percent)
    place = stages.index(here) if here in stages else -1
    last = len(stages) - 1 if is_over else place
    rungs = []
    for number, (state, percent) in enumerate(stages):
        how = (
            "done" if number < last or is_over else "now" if number == last else "later"
        )
        at = reached.get((state, percent))
        if last < 0:
            # Stopped: what was reached stays told, and nothing comes later.
            how = "done" if at else "later"
        elif number > last:
            at = None
        label = {RolloutState.SHADOW: "Shadow", RolloutState.PILOT: "Pilot"}.get(
            RolloutState(state), f"{percent}%"
        )
        rungs.append(Rung(label, how, at, _rung_words(how) if last >= 0 else ""))
    return rungs


def _rung_words(how: str) -> str:
    return {"now": "Since", "later": "Later"}.get(how, "")


def plot(pairs: Pairs) -> Plot:
    """Return the difference in drawing units: 44 to 560 wide, 20 to 200 high."""
    points = pairs.points
    now = pairs.difference
    top = next(
        (t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if t >= 1.6 * _far(now)), 1.0
    )
    most = points[-1].n

    def x(n: int) -> float:
        return round(44 + 516 * n / most, 1)

    def y(value: float) -> float:
        return round(110 - 90 * max(-1.0, min(1.0, value / top)), 1)

    upper = [f"{x(p.n)} {y(p.difference.high)}" for p in points]
    lower = [f"{x(p.n)} {y(p.difference.low)}" for p in reversed(points)]
    line = [f"{x(p.n)} {y(p.difference.value)}" for p in points]
    shares = (top, top / 2, 0.0, -top / 2, -top)
    return Plot(
        band=f"M{' L'.join([*upper, *lower])}Z",
        line=f"M{' L'.join(line)}",
        zero=y(0),
        limit=y(WRONG_LIMIT),
        end=y(now.value),
        end_x=x(most),
        ticks=tuple((y(s), f"{s * 100:+.1f}" if s else "0") for s in shares),
        marks=tuple(
            (x(n), f"{n:,}") for n in (most // 4, most // 2, most * 3 // 4, most)
        ),
    )


def _far(difference: Difference) -> float:
    return max(abs(difference.low), abs(difference.high), WRONG_LIMIT)


def points(pairs: Pairs) -> list[tuple[int, str, str, str]]:
    """Return at most ten points of the plot as a table."""
    step = max(1, len(pairs.points) // 10)
    some = [*pairs.points[::step], pairs.points[-1]][-11:]
    return [
        (p.n, *(f"{value * 100:+.2f}" for value in p.difference))  # type: ignore[misc]
        for p in dict.fromkeys(some)
    ]


def row_of(limit: Limit) -> Row:
    """Return a limit in words and on its scale."""
    span = 1.25 * max(
        limit.allowed, min(max(abs(v) for v in limit.difference), 4 * limit.allowed)
    )

    def x(value: float) -> float:
        return round(120 + 118 * max(-1.0, min(1.0, value / span)), 1)

    return Row(
        limit,
        _amount(limit.unit, limit.base),
        _amount(limit.unit, limit.new),
        _change(limit.unit, limit.allowed),
        x(limit.difference.low),
        x(limit.difference.high),
        round(x(limit.difference.value) - 3, 1),
        x(limit.allowed),
    )


def _amount(unit: str, value: float) -> str:
    if unit == "share":
        return f"{value * 100:.2f}%"
    return f"{value / 1000:.1f} s" if unit == "ms" else words.dollars(round(value))


def _change(unit: str, value: float) -> str:
    sign = "+" if value >= 0 else "\u2212"
    size = abs(value)
    if unit == "share":
        return f"{sign}{size * 100:.2f}"
    text = f"{size / 1000:.1f} s" if unit == "ms" else words.dollars(round(size))
    return f"{sign}{text}"


def _ahead_words(ahead: Ahead) -> tuple[tuple[str, str], ...]:
    """Return the consequences of an advance, line by line."""
    unknown = "not known yet"
    hours = None if ahead.seconds is None else ahead.seconds / 3600
    return (
        (
            "Listings a day on the candidate",
            f"{ahead.listings_now:,.0f} \u2192 {ahead.listings_then:,.0f}",
        ),
        ("Share of all listings that moves", f"{ahead.share * 100:.1f}%"),
        ("Merchants who change version", f"{ahead.merchants:,}"),
        (
            "Sent to people a day",
            unknown if ahead.people is None else f"{ahead.people:+,.1f}",
        ),
        ("Moderator hours a day", unknown if hours is None else f"{hours:+,.1f}"),
        (
            "Model cost a day",
            unknown if ahead.microusd is None else _change("microusd", ahead.microusd),
        ),
        (
            "Wrong decisions a day, at worst",
            unknown if ahead.worst is None else f"+{ahead.worst:,.1f}",
        ),
    )
