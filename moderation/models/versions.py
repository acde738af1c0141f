"""Immutable recipes of the pipeline, and the kill switch."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.fields import enum_field
from moderation.models.policies import Policy
from moderation.states import ModeKind


class Calibration(models.Model):
    """A fitted map from stated to calibrated confidence."""

    method = models.CharField(
        max_length=20,
        choices=[
            ("identity", "identity"),
            ("platt", "platt"),
            ("isotonic", "isotonic"),
        ],
    )
    parameters = models.JSONField(default=dict)
    dataset_sha256 = models.CharField(max_length=64, blank=True)
    cases = models.PositiveIntegerField(default=0)
    ece = models.FloatField(null=True)
    brier = models.FloatField(null=True)
    fitted_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.method} calibration {self.pk}"


class PipelineVersion(models.Model):
    """One immutable recipe: what is blamed, compared and rolled back."""

    PROVISIONAL, CERTIFIED = "provisional", "certified"

    name = models.CharField(max_length=60, unique=True)
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=120)
    accepted_model_names = models.JSONField(default=list)
    prompt = models.CharField(max_length=60)
    prompt_sha256 = models.CharField(max_length=64)
    schema_sha256 = models.CharField(max_length=64)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    retrieval = models.JSONField(default=dict)
    languages = models.JSONField(default=list)
    reads_images = models.BooleanField(default=False)
    calibration = models.ForeignKey(
        Calibration, on_delete=models.PROTECT, related_name="+"
    )
    # Probability, 0 to 1, that calibrated confidence must reach.
    threshold = models.FloatField()
    field_thresholds = models.JSONField(default=dict)
    threshold_status = models.CharField(
        max_length=12,
        choices=[(PROVISIONAL, PROVISIONAL), (CERTIFIED, CERTIFIED)],
        default=PROVISIONAL,
    )
    recipe_sha256 = models.CharField(max_length=64)
    made_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gte=0, threshold__lte=1),
                name="threshold_is_a_probability",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Mode(models.Model):
    """The kill switch: the newest row is in force."""

    mode = enum_field(ModeKind)
    note = models.CharField(max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True
    )
    by_label = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        get_latest_by = "id"

    def __str__(self) -> str:
        return self.mode


def mode_in_force() -> ModeKind:
    """Return the mode in force; automatic where nobody ever set one."""
    newest = Mode.objects.order_by("-id").values_list("mode", flat=True).first()
    return ModeKind(newest) if newest else ModeKind.AUTOMATIC
