"""What each mode of the kill switch costs, in listings and in time.

Pure: the last day is taken for what the next will be like.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from moderation.states import ModeKind
from moderation.web.ops_read import Automation, QueueAge

DAY_H = 24


@dataclass(frozen=True, slots=True)
class Choice:
    """One mode: its name and one or two sentences on what it would cost."""

    value: ModeKind
    name: str
    words: str


def choices(
    now: datetime, queue: QueueAge, automation: Automation, received: int
) -> tuple[Choice, ...]:
    """Return the three modes with what each costs.

    Args:
        queue: what waits for people.
        automation: who decided in the last 24 hours.
        received: listings that came in within the last 24 hours.
    """
    return (
        Choice(
            ModeKind.AUTOMATIC,
            "Automatic",
            "Clear listings go live by themselves; doubtful ones reach people. "
            + (
                f"In the last 24 hours {automation.by_machine:,} went live so, and "
                f"people decided {automation.by_person:,}."
                if automation.total
                else "Nothing was decided in the last 24 hours."
            ),
        ),
        Choice(
            ModeKind.HUMANS_ONLY,
            "Humans only",
            "Nothing goes live without a person; the model still fills in the screen. "
            + humans_only(now, queue, automation),
        ),
        Choice(
            ModeKind.CLOSED,
            "Intake closed",
            'New listings are answered "try again later"'
            + (f", about {received / DAY_H:,.0f} an hour. " if received else ". ")
            + (
                f"The {queue.count:,} waiting are still reviewed. Nothing is lost."
                if queue.count
                else "Nothing waits, so nothing is lost."
            ),
        ),
    )


def humans_only(now: datetime, queue: QueueAge, automation: Automation) -> str:
    """Say what the queue would do without the machine's approvals."""
    more = automation.by_machine / DAY_H
    if not more:
        return "As of the last 24 hours that would be no more work for people."
    work = f"About {automation.by_machine:,} more a day reach people"
    late = first_late(
        now,
        waiting=queue.count,
        arriving=(automation.by_machine + automation.by_person) / DAY_H,
        decided=automation.by_person / DAY_H,
        due_in=queue.due_in,
    )
    if late is None:
        return f"{work}; at their pace none would be late."
    return f"{work}; the first would be late at {late:%H:%M} UTC."


def first_late(
    now: datetime, *, waiting: int, arriving: float, decided: float, due_in: timedelta
) -> datetime | None:
    """Return when the first listing would be late; None when the pace is enough.

    A listing that comes after t hours finds waiting + (arriving - decided) t before
    it, and is late when people need longer than due_in for those.

    Args:
        waiting: in the queue now.
        arriving, decided: listings an hour.
        due_in: how long a listing may wait.
    """
    due_h = due_in / timedelta(hours=1)
    if decided <= 0:
        return now + due_in if waiting or arriving > 0 else None
    room = decided * due_h - waiting
    if room <= 0:
        return now + due_in
    if arriving <= decided:
        return None
    return now + timedelta(hours=room / (arriving - decided)) + due_in
