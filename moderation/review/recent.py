"""What lies around a task: precedents, what waits, what can be undone, one's pace.

Reads only, and always a bounded number of rows, so it costs the same at any size
of the tables.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.models import Decision, ReviewTask, TaskSkip
from moderation.review.spot_checks import OVERTURNED
from moderation.states import DecidedBy, TaskKind, TaskState

PRECEDENTS, PRECEDENTS_SEARCHED = 3, 400
# A pause this long ends a session; after so much of one a break is suggested.
PAUSE, BREAK_AFTER = timedelta(minutes=20), timedelta(hours=2)
BAR_MINUTES, BARS = 10, 6


@dataclass(frozen=True, slots=True)
class Precedent:
    """A past decision of a person on something alike."""

    chip: str
    title: str
    remark: str
    at: datetime
    task: str


@dataclass(frozen=True, slots=True)
class Undoable:
    """What a moderator can still take back with one key."""

    task: str
    title: str
    words: str
    decision: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many tasks of a queue wait, since when the oldest does, what is due."""

    count: int = 0
    oldest: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One person's own pace, which nobody else is shown."""

    decided: int
    began: datetime | None
    now: datetime
    bars: tuple[int, ...]

    @property
    def lasted(self) -> timedelta:
        """Return how long it has gone on."""
        return self.now - self.began if self.began else timedelta(0)

    @property
    def break_at(self) -> datetime | None:
        """Return when a break is suggested."""
        return self.began + BREAK_AFTER if self.began else None


def precedents_of(
    *, code: str, category: str, other_than_listing: int
) -> list[Precedent]:
    """Return the newest human decisions under the same clause or category.

    Args:
        code: the clause that decides, or "".
        category: as it would be published, or "".
        other_than_listing: primary key of the listing at hand.
    """
    recent = (
        Decision.objects.effective()
        .filter(decided_by=DecidedBy.PERSON, task__isnull=False)
        .exclude(submission__listing=other_than_listing)
        .order_by("-id")
        .values_list("id", "clauses", "task__clause", "submission__category")
    )
    scored: list[tuple[int, int]] = []
    for pk, clauses, task_code, its_category in recent[:PRECEDENTS_SEARCHED]:
        codes = {c.get("code") for c in clauses} | {task_code}
        alike = 2 * bool(code and code in codes)
        alike += bool(category and category == its_category)
        if alike:
            scored.append((alike, pk))
    scored.sort(reverse=True)
    chosen = [pk for _, pk in scored[:PRECEDENTS]]
    found = Decision.objects.select_related("submission", "task").in_bulk(chosen)
    return [precedent(found[pk]) for pk in chosen if pk in found]


def precedent(decision: Decision) -> Precedent:
    """Return a decision as a precedent: outcome, title, what it rested on."""
    codes = ", ".join(str(c["code"]) for c in decision.clauses)
    chips = {"approved": "approved", "rejected": "refused"}
    return Precedent(
        chip=chips.get(decision.outcome, "asked"),
        title=title_of(decision),
        remark=f"under {codes}" if codes else "as shown",
        at=decision.decided_at,
        task=decision.task.public_id if decision.task else "",
    )


def title_of(decision: Decision) -> str:
    """Return the title that a decision published, or else was about."""
    content: dict[str, Any] = decision.published or decision.submission.tidied or {}
    return str(content.get("title", "")) or "Untitled listing"


def waiting_by_kind() -> dict[str, Waiting]:
    """Return what waits in each queue, through the index of open tasks alone.

    The task that is due first stands for the oldest: both orders are the same
    unless a task's due time was moved.
    """
    waiting = ReviewTask.objects.filter(state=TaskState.OPEN)
    counts = waiting.values_list("kind").annotate(Count("id")).order_by()
    return {kind: _waiting(waiting, kind, count) for kind, count in counts}


def waiting_in(kind: str) -> Waiting:
    """Return what waits in the queue of one kind."""
    waiting = ReviewTask.objects.filter(state=TaskState.OPEN)
    return _waiting(waiting, kind, waiting.filter(kind=kind).count())


def _waiting(waiting: QuerySet[ReviewTask], kind: str, count: int) -> Waiting:
    first = waiting.filter(kind=kind).order_by("due_at", "priority", "id")
    found = first.values_list("created_at", "due_at").first()
    return Waiting(count, *found) if found else Waiting()


def undoable(by: Actor, now: datetime | None = None) -> Undoable | None:
    """Return the newest decision or skip that this person can still take back."""
    now = now or timezone.now()
    check = _open_check(by, now)
    if check is not None:
        return check
    decision = _open_decision(by, now)
    skipped = _open_skip(by, now)
    if skipped and (decision is None or skipped.at > decision.decided_at):
        tidied = skipped.task.submission.tidied or {}
        until = skipped.at + _window()
        title = str(tidied.get("title", ""))
        return Undoable(skipped.task.public_id, title, "skipped", "", until)
    if decision is None or decision.task is None:
        return None
    words = {"changes_needed": "changes asked"}.get(decision.outcome, decision.outcome)
    return Undoable(
        decision.task.public_id,
        title_of(decision),
        words,
        decision.public_id,
        decision.effective_at,
    )


def _window() -> timedelta:
    return timedelta(seconds=settings.REVIEWHUB_UNDO_SECONDS)


def _open_check(by: Actor, now: datetime) -> Undoable | None:
    """Return the spot check just confirmed, where nothing was decided since."""
    newest = (
        ReviewTask.objects.filter(resolved_by=by.user, resolved_at__gt=now - _window())
        .select_related("submission", "about")
        .order_by("-resolved_at")
        .first()
    )
    if (
        newest is None
        or newest.kind != TaskKind.SPOT_CHECK
        or newest.about is None
        or newest.resolution == OVERTURNED
        or newest.resolved_at is None
    ):
        return None
    return Undoable(
        newest.public_id,
        title_of(newest.about),
        "checked",
        newest.about.public_id,
        newest.resolved_at + _window(),
    )


def _open_decision(by: Actor, now: datetime) -> Decision | None:
    newest = (
        Decision.objects.filter(moderator=by.user)
        .select_related("task", "submission")
        .order_by("-decided_at")
        .first()
    )
    if newest is None or newest.undone_at or newest.superseded_at:
        return None
    return newest if newest.effective_at > now else None


def _open_skip(by: Actor, now: datetime) -> TaskSkip | None:
    newest = (
        TaskSkip.objects.filter(user=by.user, until__gt=now)
        .select_related("task__submission")
        .order_by("-until")
        .first()
    )
    if newest is None or newest.at + _window() <= now:
        return None
    return newest if newest.task.state == TaskState.OPEN else None


def session_of(by: Actor, now: datetime | None = None) -> Session:
    """Return one's own pace since the last long pause."""
    now = now or timezone.now()
    since = now - timedelta(hours=6)
    times = Decision.objects.filter(moderator=by.user, decided_at__gt=since)
    return session_from(
        times.order_by("-decided_at").values_list("decided_at", flat=True), now
    )


def session_from(newest_first: Iterable[datetime], now: datetime) -> Session:
    """Return the session that these decisions make up, newest first. Pure."""
    began: datetime | None = None
    decided, bars = 0, [0] * BARS
    last = now
    for at in newest_first:
        if last - at > PAUSE:
            break
        began, last, decided = at, at, decided + 1
        ago = int((now - at).total_seconds() // 60) // BAR_MINUTES
        if ago < BARS:
            bars[BARS - 1 - ago] += 1
    return Session(decided, began, now, tuple(bars))
