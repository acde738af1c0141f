"""What a pipeline version said of a submission, each attempt at it, and its money."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from moderation.models.fields import both_or_neither, enum_field, optional_enum_field
from moderation.models.listings import Merchant, Submission
from moderation.models.versions import PipelineVersion
from moderation.states import (
    AssessmentRole,
    BreakerState,
    FailureKind,
    Route,
    VerdictKind,
)


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    """Named look-ups of assessments."""

    def failed(self) -> "models.QuerySet[Any]":
        """Return those whose version's own model gave no verdict, with its `kind`.

        A shadow's failure cost nobody anything: it stands on its rollout's page.
        """
        return self.filter(
            Q(failure__isnull=False) | Q(fallback_because__isnull=False),
            role=AssessmentRole.SERVING,
        ).annotate(kind=Coalesce("failure", "fallback_because"))


class Assessment(models.Model):
    """The stored judgement of one PipelineVersion: a verdict or a failure."""

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="assessments"
    )
    pipeline = models.ForeignKey(
        PipelineVersion, on_delete=models.PROTECT, related_name="assessments"
    )
    role = enum_field(AssessmentRole, default=AssessmentRole.SERVING)
    attempt = models.PositiveSmallIntegerField(default=1)
    verdict = optional_enum_field(VerdictKind)
    failure = optional_enum_field(FailureKind)
    failure_detail = models.CharField(max_length=500, blank=True)
    clauses = models.JSONField(default=list)
    doubt = models.CharField(max_length=2000, blank=True)
    # What would be published: the quality rules and the model's checked values.
    proposed = models.JSONField(default=dict)
    field_confidence = models.JSONField(default=dict)
    language = models.CharField(max_length=35, blank=True)
    stated_confidence = models.FloatField(null=True)
    calibrated_confidence = models.FloatField(null=True)
    route = enum_field(Route)
    reasons = models.JSONField(default=list)
    # One entry a guardrail: name to whether it vetoed.
    guardrails = models.JSONField(default=dict)
    threshold = models.FloatField()
    provider = models.CharField(max_length=60, blank=True)
    # Why the version's own provider gave no answer, where another stood in for it.
    fallback_because = optional_enum_field(FailureKind)
    reused_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    input_sha256 = models.CharField(max_length=64, blank=True)
    output_sha256 = models.CharField(max_length=64, blank=True)
    cost_microusd = models.BigIntegerField(default=0)
    latency_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "pipeline", "role", "attempt"],
                name="one_assessment_an_attempt",
            ),
            models.CheckConstraint(
                condition=Q(verdict__isnull=True, failure__isnull=False)
                | Q(verdict__isnull=False, failure__isnull=True),
                name="assessment_verdict_or_failure",
            ),
            models.CheckConstraint(
                condition=both_or_neither(
                    "verdict", "stated_confidence", "calibrated_confidence"
                ),
                name="assessment_confidence_with_verdict",
            ),
            models.CheckConstraint(
                # A comparison with null is no refusal to SQL: say it outright.
                condition=Q(route=Route.REVIEW)
                | Q(verdict=VerdictKind.COMPLIANT, verdict__isnull=False),
                name="assessment_auto_approve_only_compliant",
            ),
        ]
        indexes = [
            models.Index(fields=["input_sha256"], name="assessment_by_input"),
            # What failed in the last hour.
            models.Index(
                fields=["created_at"],
                name="assessment_failures",
                condition=Q(failure__isnull=False) | Q(fallback_because__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline_id} on {self.submission_id}"


class ModelCall(models.Model):
    """One attempt at a provider: tokens, money, time, failure, raw answer."""

    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="calls"
    )
    number = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=60)
    model_asked = models.CharField(max_length=120)
    model_answered = models.CharField(max_length=120, blank=True)
    prompt_sha256 = models.CharField(max_length=64)
    request_id = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField()
    latency_ms = models.PositiveIntegerField()
    input_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost_microusd = models.BigIntegerField(default=0)
    failure = optional_enum_field(FailureKind)
    http_status = models.PositiveSmallIntegerField(null=True)
    # Kept only where the answer was no verdict, capped, for the failure page.
    raw_text = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["started_at"], name="model_call_by_time")]

    def __str__(self) -> str:
        return f"call {self.number} of {self.assessment_id}"


class BudgetReservation(models.Model):
    """Money set aside before a call and settled after it, so no race overspends."""

    day = models.DateField()
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, null=True, related_name="+"
    )
    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, null=True, related_name="+"
    )
    reserved_microusd = models.BigIntegerField()
    settled_microusd = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reserved_microusd__gte=0)
                & (Q(settled_microusd__isnull=True) | Q(settled_microusd__gte=0)),
                name="budget_not_negative",
            )
        ]
        indexes = [models.Index(fields=["day", "merchant"], name="budget_by_day")]

    def __str__(self) -> str:
        return f"{self.reserved_microusd} on {self.day}"


class Breaker(models.Model):
    """Whether calls to one provider go through, shared by every process."""

    provider = models.CharField(max_length=60, unique=True)
    state = enum_field(BreakerState, default=BreakerState.CLOSED)
    # The state machine's own memory, written by compare-and-set on `version`.
    memory = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.provider} {self.state}"
