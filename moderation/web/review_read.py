"""What the queue and history pages show, in few queries. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from moderation.access.actor import ADMIN, SENIOR, Actor
from moderation.evals.thread import CaseThread, became
from moderation.models import Decision, ReviewTask
from moderation.review import recent
from moderation.review.queue import QUEUES, Queue, offered_to
from moderation.review.screen import sentence
from moderation.states import TaskKind

COMING, HISTORY_PAGE = 5, 40
# Half of its time gone: from there on the queue closest to its due time is amber.
NEAR = 0.5
SOON = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One queue: how much waits and how near its oldest task is to its due time."""

    queue: Queue
    count: int
    waited: timedelta
    share: float
    is_closest: bool = False

    @property
    def is_late(self) -> bool:
        """Return whether something is past its due time."""
        return self.share >= 1


@dataclass(frozen=True, slots=True)
class Coming:
    """One task to come, with the reason it is here."""

    task: ReviewTask
    title: str
    category: str
    reason: str
    is_soon: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision of one's own."""

    decision: Decision
    chip: str
    title: str
    remark: str
    can_undo: bool
    became: CaseThread | None = None


def queue_rows(queues: list[Queue], now: datetime) -> list[QueueRow]:
    """Return each queue, the one closest to its due time marked."""
    waiting = recent.waiting_by_kind()
    made = []
    for queue in queues:
        found = waiting.get(queue.kind, recent.Waiting())
        waited = now - found.oldest if found.oldest else timedelta(0)
        left = (found.due - now) if found.due else queue.due_in
        share = 1 - left / queue.due_in if found.count else 0.0
        made.append(QueueRow(queue, found.count, waited, max(0.0, share)))
    closest = max(made, key=lambda row: row.share)
    return [
        QueueRow(r.queue, r.count, r.waited, r.share, r is closest and r.share >= NEAR)
        for r in made
    ]


def queues_of(roles: frozenset[str]) -> list[Queue]:
    """Return the queues that people of these roles are given work from."""
    is_senior = bool(roles & {SENIOR, ADMIN})
    return [q for q in QUEUES.values() if is_senior or q.kind != TaskKind.ESCALATION]


def upcoming(by: Actor, queues: list[Queue], now: datetime) -> list[Coming]:
    """Return the next tasks in the very order in which they are handed out.

    One query a queue, so that each walks the index of its kind and stops.
    """
    tasks: list[ReviewTask] = []
    for queue in queues:
        waiting = offered_to(by, now).filter(kind=queue.kind)
        in_order = waiting.order_by("due_at", "priority", "id")
        tasks += in_order.select_related("submission")[:COMING]
    tasks.sort(key=lambda task: (task.due_at, task.priority, task.pk))
    return [_coming(task, now) for task in tasks[:COMING]]


def _coming(task: ReviewTask, now: datetime) -> Coming:
    tidied = task.submission.tidied or {}
    reason = sentence(task.reasons[0].get("message", "")) if task.reasons else ""
    return Coming(
        task=task,
        title=str(tidied.get("title") or "Untitled listing"),
        category=str(tidied.get("category") or ""),
        reason=reason,
        is_soon=task.due_at - now < SOON,
        is_late=task.due_at <= now,
    )


def decision_rows(
    by: Actor,
    *,
    undo: recent.Undoable | None,
    size: int = HISTORY_PAGE,
    after: str = "",
) -> tuple[list[DecisionRow], str]:
    """Return a page of a person's decisions, newest first, and the next cursor.

    Args:
        by: whose decisions.
        undo: what can still be taken back, to say so beside it.
        size: rows a page.
        after: the cursor: public id of the last decision already shown.
    """
    found = Decision.objects.filter(moderator=by.user)
    if after:
        last = found.filter(public_id=after).first()
        found = found.filter(decided_at__lt=last.decided_at) if last else found.none()
    page = list(
        found.select_related("submission", "task")
        .prefetch_related("corrections")
        .order_by("-decided_at")[: size + 1]
    )
    cursor = page[size - 1].public_id if len(page) > size else ""
    cases = became(page[:size])
    return [_row(d, undo, cases.get(d.pk)) for d in page[:size]], cursor


def _row(
    decision: Decision, undo: recent.Undoable | None, case: CaseThread | None
) -> DecisionRow:
    fields = [c.field for c in decision.corrections.all() if c.kind == "field"]
    chip = {"approved": "approved", "rejected": "refused"}.get(
        decision.outcome, "asked"
    )
    if decision.outcome == "approved" and fields:
        chip = "corrected"
    codes = ", ".join(str(c["code"]) for c in decision.clauses)
    remark = f"under {codes}" if codes else "as shown"
    if fields:
        remark = f"you corrected {', '.join(fields)}"
    if decision.undone_at:
        chip, remark = "undone", "you took it back"
    elif decision.superseded_at:
        remark = "overturned since"
    return DecisionRow(
        decision=decision,
        chip=chip,
        title=recent.title_of(decision),
        remark=remark,
        can_undo=undo is not None and undo.decision == decision.public_id,
        became=case,
    )
