"""The queue of people's work: who gets which task next, and for how long.

Two moderators never hold one task: the claim is a guarded UPDATE under a row
lock, and every later act must show the lease's token.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet

from moderation.access.actor import ADMIN, SENIOR, Actor, roles_of
from moderation.models import ReviewTask, TaskSkip
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.states import TaskKind, TaskState

# How long a person who skipped a task is not offered it again.
SKIP_FOR = timedelta(minutes=30)
UNCLAIMED = {
    "claimed_by": None,
    "claimed_at": None,
    "lease_token": None,
    "lease_until": None,
}


@dataclass(frozen=True, slots=True)
class Queue:
    """One kind of work as moderators see it."""

    slug: str
    name: str
    kind: TaskKind
    due_in: timedelta
    explanation: str


QUEUES = {
    queue.slug: queue
    for queue in (
        Queue(
            "general",
            "General goods",
            TaskKind.ROUTED,
            timedelta(hours=1),
            "Doubtful, failed and vetoed listings",
        ),
        Queue(
            "escalations",
            "Escalations",
            TaskKind.ESCALATION,
            timedelta(hours=4),
            "Asked of senior moderators",
        ),
        Queue(
            "appeals",
            "Appeals",
            TaskKind.APPEAL,
            timedelta(hours=24),
            "A merchant disagrees; never with your own decision",
        ),
        Queue(
            "spot-checks",
            "Spot checks",
            TaskKind.SPOT_CHECK,
            timedelta(hours=48),
            "A random share of what went live by itself",
        ),
    )
}


class LeaseLostError(Exception):
    """The hold ended: it ran out, or someone else has the task."""

    def __init__(self, task: ReviewTask):
        self.task = task
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Say what happened to the hold, without blame."""
        if self.task.state == TaskState.RESOLVED:
            return "This task is decided already. Nothing was sent twice."
        if self.task.state == TaskState.CANCELLED:
            return "The merchant took this version back or replaced it."
        return "Your hold on this task ran out. Claim it again to go on."


class NotAllowedError(Exception):
    """The person may not take this task."""


def offered_to(actor: Actor, now: datetime) -> QuerySet[ReviewTask]:
    """Return the open tasks that may be offered to a person now.

    Never one of a merchant they belong to (conflict of interest), one they
    skipped a while ago, an appeal against their own decision, or a senior's task
    to anybody else.
    """
    user = actor.user
    tasks = (
        ReviewTask.objects.filter(state=TaskState.OPEN)
        .exclude(not_before__gt=now)
        .exclude(merchant__members__user=user)
        .exclude(kind=TaskKind.APPEAL, about__moderator=user)
        .exclude(
            pk__in=TaskSkip.objects.filter(user=user, until__gt=now).values("task_id")
        )
    )
    if user is None or not roles_of(user) & {SENIOR, ADMIN}:
        tasks = tasks.exclude(senior_only=True)
    return tasks


def claim_next(
    *, by: Actor, queue: str | None = None, now: datetime | None = None
) -> ReviewTask | None:
    """Lease the task that is due first to a person; None when there is none.

    A person who holds a task of the queue gets that one again with a renewed
    lease, so that a reload or a lost answer takes no second task.

    Raises:
        KeyError: no such queue.
    """
    now = now or database_now()
    kinds = [QUEUES[queue].kind] if queue else [q.kind for q in QUEUES.values()]
    with transaction.atomic():
        # One claim a person at a time: a double click takes no second task.
        User.objects.select_for_update(no_key=True).get(pk=current_user(by).pk)
        held = (
            ReviewTask.objects.select_for_update()
            .filter(
                claimed_by=by.user,
                state=TaskState.CLAIMED,
                lease_until__gt=now,
                kind__in=kinds,
            )
            .order_by("claimed_at")
            .first()
        )
        if held is not None:
            return _renew(held, now)
        task = (
            _locked(offered_to(by, now).filter(kind__in=kinds))
            .order_by("due_at", "priority", "id")
            .first()
        )
        return _lease(task, by, now) if task else None


def claim_task(
    *, task: ReviewTask, by: Actor, now: datetime | None = None
) -> ReviewTask:
    """Lease one certain task, or renew the lease one holds on it.

    Raises:
        LeaseLostError: it is resolved, cancelled, or another's.
        NotAllowedError: the person may not take it.
    """
    now = now or database_now()
    with transaction.atomic():
        current = ReviewTask.objects.select_for_update().get(pk=task.pk)
        if current.state == TaskState.CLAIMED and current.claimed_by == by.user:
            return _renew(current, now)
        expired = (
            current.state == TaskState.CLAIMED
            and current.lease_until is not None
            and current.lease_until <= now
        )
        if expired:
            move(
                current,
                TaskState.OPEN,
                by="machine",
                action="expire",
                change=UNCLAIMED,
            )
        if current.state != TaskState.OPEN:
            raise LeaseLostError(current)
        if not offered_to(by, now).filter(pk=current.pk).exists():
            skipped = TaskSkip.objects.filter(task=current, user=by.user)
            skipped.update(until=now)
            if not offered_to(by, now).filter(pk=current.pk).exists():
                raise NotAllowedError("This task is for somebody else to decide.")
        leased = _lease(current, by, now)
        if leased is None:
            raise LeaseLostError(current)
        return leased


def heartbeat(
    *, task: ReviewTask, by: Actor, lease_token: UUID, now: datetime | None = None
) -> ReviewTask:
    """Renew a lease while its holder is at work.

    Raises:
        LeaseLostError.
    """
    now = now or database_now()
    with transaction.atomic():
        return _renew(held_task(task, by, lease_token, now), now)


def release(
    *, task: ReviewTask, by: Actor, lease_token: UUID, now: datetime | None = None
) -> ReviewTask:
    """Give a task back to the queue undone.

    Raises:
        LeaseLostError.
    """
    now = now or database_now()
    with transaction.atomic():
        current = held_task(task, by, lease_token, now)
        move(current, TaskState.OPEN, by=by.label, action="release", change=UNCLAIMED)
    return current


def skip(
    *,
    task: ReviewTask,
    by: Actor,
    lease_token: UUID,
    reason: str = "",
    now: datetime | None = None,
) -> ReviewTask:
    """Pass a task by for a while; others are offered it at once.

    Raises:
        LeaseLostError.
    """
    now = now or database_now()
    with transaction.atomic():
        current = held_task(task, by, lease_token, now)
        move(
            current,
            TaskState.OPEN,
            by=by.label,
            action="skip",
            change=UNCLAIMED,
            reason=reason,
        )
        TaskSkip.objects.create(
            task=current,
            user_id=current_user(by).pk,
            reason=reason[:200],
            at=now,
            until=now + SKIP_FOR,
        )
    return current


def expire_leases(*, now: datetime | None = None, limit: int = 500) -> int:
    """Put tasks back whose lease ran out; return how many."""
    now = now or database_now()
    with transaction.atomic():
        late = list(
            _locked(
                ReviewTask.objects.filter(state=TaskState.CLAIMED, lease_until__lte=now)
            )[:limit]
        )
        return sum(
            move(
                task,
                TaskState.OPEN,
                by="machine",
                action="expire",
                where={"lease_token": task.lease_token},
                change=UNCLAIMED,
            )
            for task in late
        )


def held_task(
    task: ReviewTask, by: Actor, lease_token: UUID, now: datetime
) -> ReviewTask:
    """Return the task, locked, if the person holds it by this token.

    A lease that ran out but that nobody else took is still its holder's: the
    work done under it is not thrown away for a minute's delay.

    Raises:
        LeaseLostError.
    """
    current = ReviewTask.objects.select_for_update().get(pk=task.pk)
    if (
        current.state != TaskState.CLAIMED
        or current.lease_token != lease_token
        or current.claimed_by != by.user
    ):
        raise LeaseLostError(current)
    return current


def current_user(by: Actor) -> User:
    """Return the person who acts.

    Raises:
        NotAllowedError: the machine holds no tasks.
    """
    if by.user is None:
        raise NotAllowedError("Only a person holds a task.")
    return by.user


def _lease(task: ReviewTask, by: Actor, now: datetime) -> ReviewTask | None:
    moved = move(
        task,
        TaskState.CLAIMED,
        by=by.label,
        action="claim",
        change={
            "claimed_by": by.user,
            "claimed_at": now,
            "lease_token": uuid4(),
            "lease_until": now + timedelta(seconds=settings.REVIEWHUB_LEASE_SECONDS),
        },
    )
    return task if moved else None


def _renew(task: ReviewTask, now: datetime) -> ReviewTask:
    task.lease_until = now + timedelta(seconds=settings.REVIEWHUB_LEASE_SECONDS)
    ReviewTask.objects.filter(pk=task.pk, lease_token=task.lease_token).update(
        lease_until=task.lease_until
    )
    return task


def _locked(tasks: QuerySet[ReviewTask]) -> QuerySet[ReviewTask]:
    """Lock what is read, passing over rows that others hold, where it can be."""
    if connection.features.has_select_for_update_skip_locked:
        return tasks.select_for_update(skip_locked=True, of=("self",))
    return tasks
