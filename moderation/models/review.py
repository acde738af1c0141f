"""A person's work: tasks under a lease, decisions that are never edited."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.assessments import Assessment
from moderation.models.fields import (
    both_or_neither,
    enum_field,
    new_appeal_id,
    new_decision_id,
    new_task_id,
)
from moderation.models.listings import Merchant, Submission
from moderation.models.versions import PipelineVersion
from moderation.states import AppealState, DecidedBy, Outcome, TaskKind, TaskState


class ReviewTask(models.Model):
    """One unit of human attention."""

    public_id = models.CharField(max_length=20, unique=True, default=new_task_id)
    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="tasks"
    )
    # The merchant stands here too, so that a conflict of interest is one filter.
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+")
    kind = enum_field(TaskKind)
    state = enum_field(TaskState, default=TaskState.OPEN)
    assessment = models.ForeignKey(
        Assessment, on_delete=models.SET_NULL, null=True, related_name="tasks"
    )
    # The decision that is looked at again: an appeal's, a spot check's.
    about = models.ForeignKey(
        "Decision", on_delete=models.CASCADE, null=True, related_name="looked_at_by"
    )
    reasons = models.JSONField(default=list)
    clause = models.CharField(max_length=10, blank=True)
    language = models.CharField(max_length=35, blank=True)
    # The lower, the sooner, among tasks due at the same time.
    priority = models.SmallIntegerField(default=50)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    # Nobody is offered the task before this time (skipped to later).
    not_before = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="claimed_tasks",
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # The token of the decision that resolved it: a repeated post is recognised.
    used_token = models.UUIDField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    resolution = models.CharField(max_length=24, blank=True)
    # For spot checks: which stream drew it, and with what probability.
    stream = models.CharField(max_length=24, blank=True)
    sampling_probability = models.FloatField(null=True)
    is_blind = models.BooleanField(default=False)
    senior_only = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=both_or_neither("claimed_at", "lease_token", "lease_until"),
                name="task_claim_whole",
            ),
            models.CheckConstraint(
                condition=Q(state=TaskState.CLAIMED, lease_token__isnull=False)
                | ~Q(state=TaskState.CLAIMED) & Q(lease_token__isnull=True),
                name="task_leased_while_claimed",
            ),
            models.CheckConstraint(
                condition=Q(state=TaskState.RESOLVED, resolved_at__isnull=False)
                | ~Q(state=TaskState.RESOLVED) & Q(resolved_at__isnull=True),
                name="task_resolved_at_when_resolved",
            ),
            models.CheckConstraint(
                condition=~Q(kind=TaskKind.SPOT_CHECK)
                | Q(
                    sampling_probability__isnull=False,
                    sampling_probability__gt=0,
                    sampling_probability__lte=1,
                ),
                name="spot_check_has_its_probability",
            ),
            models.UniqueConstraint(
                fields=["submission", "kind"],
                condition=Q(state__in=[TaskState.OPEN, TaskState.CLAIMED]),
                name="one_unfinished_task_a_kind",
            ),
        ]
        indexes = [
            # The next task of a queue.
            models.Index(
                fields=["kind", "due_at", "priority", "id"],
                name="task_next",
                condition=Q(state=TaskState.OPEN),
            ),
            # The sweeper: leases that ran out; and whose hands hold what.
            models.Index(
                fields=["lease_until"],
                name="task_leases",
                condition=Q(state=TaskState.CLAIMED),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class TaskSkip(models.Model):
    """A moderator passed a task by, and why; it is not offered to them again soon."""

    task = models.ForeignKey(ReviewTask, on_delete=models.CASCADE, related_name="skips")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "until"], name="skip_by_person")]

    def __str__(self) -> str:
        return f"{self.user_id} skipped {self.task_id}"


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Named look-ups of decisions."""

    def effective(self) -> "DecisionQuerySet":
        """Return those neither undone nor superseded: the newest word on each."""
        return self.filter(undone_at__isnull=True, superseded_at__isnull=True)

    def in_force(self, now: datetime) -> "DecisionQuerySet":
        """Return those the outside sees at a moment: at most one a submission.

        One that is overturned is still seen until the undo window of its
        successor has passed.
        """
        successor = Decision.objects.filter(
            override_of=models.OuterRef("pk"),
            undone_at__isnull=True,
            effective_at__lte=now,
        )
        return self.filter(
            ~models.Exists(successor), undone_at__isnull=True, effective_at__lte=now
        )


class Decision(models.Model):
    """The outcome owed to the merchant. Never edited: a newer row supersedes it."""

    public_id = models.CharField(max_length=20, unique=True, default=new_decision_id)
    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="decisions"
    )
    task = models.ForeignKey(
        ReviewTask, on_delete=models.SET_NULL, null=True, related_name="decisions"
    )
    assessment = models.ForeignKey(
        Assessment, on_delete=models.SET_NULL, null=True, related_name="decisions"
    )
    pipeline = models.ForeignKey(
        PipelineVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    outcome = enum_field(Outcome)
    decided_by = enum_field(DecidedBy)
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="decisions",
    )
    # Which clauses, each with the merchant's own words: code, field, quote.
    clauses = models.JSONField(default=list)
    published = models.JSONField(null=True)
    requests = models.JSONField(default=list)
    statement = models.TextField(blank=True)
    private_note = models.TextField(blank=True)
    decided_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    override_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="overridden_by"
    )
    request_id = models.CharField(max_length=64, blank=True)
    # With what probability a spot check of it was drawn, whether or not it was;
    # null for a person's decision.
    sampling_probability = models.FloatField(null=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(undone_at__isnull=True, superseded_at__isnull=True),
                name="one_effective_decision_a_submission",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=DecidedBy.PERSON)
                | Q(decided_by=DecidedBy.MACHINE, outcome=Outcome.APPROVED),
                name="only_a_person_refuses",
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.APPROVED, published__isnull=False)
                | ~Q(outcome=Outcome.APPROVED) & Q(published__isnull=True),
                name="decision_publishes_when_approved",
            ),
            models.CheckConstraint(
                condition=Q(effective_at__gte=models.F("decided_at")),
                name="decision_effective_after_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["decided_at"], name="decision_by_time"),
            models.Index(
                fields=["moderator", "-decided_at"], name="decision_by_person"
            ),
            # The size of each stratum that spot checks were drawn from.
            models.Index(
                fields=["decided_at", "sampling_probability"],
                name="decision_by_stratum",
                condition=Q(sampling_probability__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Correction(models.Model):
    """One difference between the assessment and the decision, field by field."""

    KINDS = [("field", "field"), ("clause", "clause"), ("outcome", "outcome")]

    decision = models.ForeignKey(
        Decision, on_delete=models.CASCADE, related_name="corrections"
    )
    assessment = models.ForeignKey(
        Assessment, on_delete=models.SET_NULL, null=True, related_name="corrections"
    )
    kind = models.CharField(max_length=8, choices=KINDS)
    field = models.CharField(max_length=60)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "kind", "field"], name="one_correction_a_field"
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.decision_id}"


class Appeal(models.Model):
    """A merchant disagrees with a decision; another person looks again."""

    public_id = models.CharField(max_length=20, unique=True, default=new_appeal_id)
    decision = models.OneToOneField(
        Decision, on_delete=models.CASCADE, related_name="appeal"
    )
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="appeals"
    )
    task = models.OneToOneField(
        ReviewTask, on_delete=models.SET_NULL, null=True, related_name="appeal"
    )
    quote = models.CharField(max_length=2000, blank=True)
    text = models.TextField()
    state = enum_field(AppealState, default=AppealState.OPEN)
    by_label = models.CharField(max_length=200)
    opened_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    outcome_decision = models.ForeignKey(
        Decision, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=AppealState.OPEN, resolved_at__isnull=True)
                | ~Q(state=AppealState.OPEN) & Q(resolved_at__isnull=False),
                name="appeal_resolved_when_closed",
            )
        ]

    def __str__(self) -> str:
        return self.public_id
