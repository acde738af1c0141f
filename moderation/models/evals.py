"""Eval cases, frozen datasets, runs over them, and certificates drawn from them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.fields import (
    both_or_neither,
    enum_field,
    new_run_id,
    optional_enum_field,
)
from moderation.models.listings import Merchant
from moderation.models.review import Correction, Decision, ReviewTask
from moderation.models.versions import PipelineVersion
from moderation.states import CaseState, DatasetState, Route, RunState, VerdictKind


class EvalCase(models.Model):
    """One input with its expected labels and where they came from."""

    PROVENANCES = [
        ("shipped", "shipped"),
        ("correction", "correction"),
        ("decision", "decision"),
        ("spot_check", "spot check"),
        ("failure", "failure"),
        ("generated", "generated"),
    ]
    SPLITS = [
        ("", "none"),
        ("fewshot", "few-shot"),
        ("calibration", "calibration"),
        ("certification", "certification"),
        ("test", "test"),
    ]

    reference = models.CharField(max_length=80, unique=True)
    listing = models.JSONField(null=True)
    expected = models.JSONField()
    rationale = models.TextField(blank=True)
    difficulty = models.CharField(max_length=20, blank=True)
    origin = models.CharField(max_length=20, blank=True)
    tags = models.JSONField(default=list)
    language = models.CharField(max_length=35, blank=True)
    state = enum_field(CaseState, default=CaseState.PROPOSED)
    provenance = models.CharField(max_length=12, choices=PROVENANCES)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    correction = models.ForeignKey(
        Correction, on_delete=models.SET_NULL, null=True, related_name="cases"
    )
    decision = models.ForeignKey(
        Decision, on_delete=models.SET_NULL, null=True, related_name="cases"
    )
    task = models.ForeignKey(
        ReviewTask, on_delete=models.SET_NULL, null=True, related_name="cases"
    )
    # With what probability the listing was drawn; null where nobody drew it.
    sampling_probability = models.FloatField(null=True)
    split = models.CharField(max_length=14, choices=SPLITS, blank=True)
    group = models.CharField(max_length=64, blank=True)
    proposed_at = models.DateTimeField(default=timezone.now)
    curated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    curated_at = models.DateTimeField(null=True, blank=True)
    second_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    second_approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=CaseState.PROPOSED, curated_at__isnull=True)
                | ~Q(state=CaseState.PROPOSED) & Q(curated_at__isnull=False),
                name="case_curated_at_when_curated",
            ),
            models.CheckConstraint(
                condition=~Q(provenance="spot_check")
                | Q(
                    sampling_probability__isnull=False,
                    sampling_probability__gt=0,
                    sampling_probability__lte=1,
                ),
                name="spot_check_case_has_probability",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class EvalDataset(models.Model):
    """A named, versioned set of cases; once frozen it never changes."""

    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    state = enum_field(DatasetState, default=DatasetState.DRAFT)
    note = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    cases = models.ManyToManyField(
        EvalCase, through="EvalDatasetCase", related_name="datasets"
    )
    created_at = models.DateTimeField(default=timezone.now)
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "version"], name="one_dataset_a_version"
            ),
            models.CheckConstraint(
                condition=Q(state=DatasetState.DRAFT, frozen_at__isnull=True, sha256="")
                | ~Q(state=DatasetState.DRAFT) & Q(frozen_at__isnull=False),
                name="dataset_frozen_at_when_frozen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class EvalDatasetCase(models.Model):
    """A case as it read when the dataset took it in."""

    dataset = models.ForeignKey(EvalDataset, on_delete=models.CASCADE)
    case = models.ForeignKey(EvalCase, on_delete=models.PROTECT)
    position = models.PositiveIntegerField()
    listing = models.JSONField(null=True)
    expected = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "case"], name="one_place_a_case_and_dataset"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} in {self.dataset_id}"


class EvalRun(models.Model):
    """One PipelineVersion over one EvalDataset; its plan is frozen at creation."""

    public_id = models.CharField(max_length=20, unique=True, default=new_run_id)
    dataset = models.ForeignKey(
        EvalDataset, on_delete=models.PROTECT, related_name="runs"
    )
    pipeline = models.ForeignKey(
        PipelineVersion, on_delete=models.PROTECT, related_name="eval_runs"
    )
    against = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    state = enum_field(RunState, default=RunState.PLANNED)
    planned_cases = models.PositiveIntegerField()
    environment = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    gate_passed = models.BooleanField(null=True)
    gate_reasons = models.JSONField(default=list)
    failure = models.CharField(max_length=500, blank=True)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    finalized_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=both_or_neither("lease_token", "lease_until"),
                name="eval_run_lease_whole",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[RunState.COMPLETED, RunState.FAILED],
                    finished_at__isnull=False,
                )
                | Q(
                    state__in=[RunState.PLANNED, RunState.RUNNING],
                    finished_at__isnull=True,
                ),
                name="eval_run_finished_at_when_over",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class EvalResult(models.Model):
    """One case's outcome in one run."""

    run = models.ForeignKey(EvalRun, on_delete=models.CASCADE, related_name="results")
    case = models.ForeignKey(EvalDatasetCase, on_delete=models.CASCADE)
    # auto_approve, review, or refused at intake.
    route = models.CharField(
        max_length=12,
        choices=[(route.value, route.value) for route in Route]
        + [("refused", "refused")],
    )
    verdict = optional_enum_field(VerdictKind)
    clauses = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    standardised = models.JSONField(default=dict)
    stated_confidence = models.FloatField(null=True)
    calibrated_confidence = models.FloatField(null=True)
    scores = models.JSONField(default=dict)
    is_wrong_auto_approval = models.BooleanField(default=False)
    cost_microusd = models.BigIntegerField(default=0)
    latency_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "case"], name="one_result_a_case_and_run"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} in {self.run_id}"


class Certificate(models.Model):
    """A proof that a threshold keeps the error bound, bound to what it was drawn from.

    Source: fixed-sequence testing, Angelopoulos et al. 2021, arXiv 2110.01052.
    """

    pipeline = models.ForeignKey(
        PipelineVersion, on_delete=models.PROTECT, related_name="certificates"
    )
    dataset = models.ForeignKey(
        EvalDataset, on_delete=models.PROTECT, related_name="certificates"
    )
    alpha = models.FloatField()
    delta = models.FloatField()
    threshold = models.FloatField()
    grid = models.JSONField()
    starts = models.JSONField()
    table = models.JSONField()
    approved_cases = models.PositiveIntegerField()
    wrong_cases = models.PositiveIntegerField()
    p_value = models.FloatField()
    candidates = models.PositiveIntegerField(default=1)
    recipe_sha256 = models.CharField(max_length=64)
    dataset_sha256 = models.CharField(max_length=64)
    grid_declared_at = models.DateTimeField()
    issued_by = models.CharField(max_length=200)
    issued_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, void_reason="")
                | Q(voided_at__isnull=False) & ~Q(void_reason=""),
                name="certificate_void_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(alpha__gt=0, alpha__lt=1, delta__gt=0, delta__lt=1),
                name="certificate_levels_are_probabilities",
            ),
        ]

    def __str__(self) -> str:
        return f"certificate {self.pk} of {self.pipeline_id}"
