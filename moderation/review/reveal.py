"""Who the merchant behind a task is: hidden until asked for, and written down.

A listing is judged on its own; a moderator who needs the merchant's record gets
it, and the audit log says who looked at which task.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.models import AuditEvent, Decision, Merchant, ReviewTask
from moderation.states import Outcome

RECORD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Record:
    """A merchant's name and what was decided on its listings lately."""

    name: str
    standing: str
    since: datetime
    approved: int
    asked: int
    rejected: int


def reveal_merchant(*, task: ReviewTask, by: Actor, request_id: str = "") -> Record:
    """Return the record of a task's merchant, and write down who looked."""
    AuditEvent.objects.create(
        actor=by.label,
        action="reveal_merchant",
        subject_type="ReviewTask",
        subject_id=task.public_id,
        request_id=request_id,
    )
    merchant = Merchant.objects.get(pk=task.merchant_id)
    lately = Decision.objects.effective().filter(
        submission__merchant=merchant, decided_at__gt=timezone.now() - RECORD
    )
    counts = lately.aggregate(
        approved=Count("pk", filter=Q(outcome=Outcome.APPROVED)),
        asked=Count("pk", filter=Q(outcome=Outcome.CHANGES_NEEDED)),
        rejected=Count("pk", filter=Q(outcome=Outcome.REJECTED)),
    )
    return Record(
        name=merchant.name,
        standing=merchant.standing,
        since=merchant.created_at,
        approved=counts["approved"],
        asked=counts["asked"],
        rejected=counts["rejected"],
    )
