"""The staged replacement of a baseline by a candidate."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.fields import enum_field, new_rollout_id
from moderation.models.listings import Merchant
from moderation.models.versions import PipelineVersion
from moderation.states import RolloutState


class Rollout(models.Model):
    """Who is served by the candidate, by percentage of merchants, and since when."""

    public_id = models.CharField(max_length=20, unique=True, default=new_rollout_id)
    baseline = models.ForeignKey(
        PipelineVersion, on_delete=models.PROTECT, related_name="+"
    )
    candidate = models.ForeignKey(
        PipelineVersion, on_delete=models.PROTECT, related_name="rollouts"
    )
    state = enum_field(RolloutState, default=RolloutState.SHADOW)
    percent = models.PositiveSmallIntegerField(default=0)
    salt = models.CharField(max_length=64)
    is_held = models.BooleanField(default=False)
    pilot_merchants = models.ManyToManyField(Merchant, blank=True, related_name="+")
    # Counts every change, so that a stale form or a race is refused.
    revision = models.PositiveIntegerField(default=1)
    started_by = models.CharField(max_length=200)
    started_at = models.DateTimeField(default=timezone.now)
    halted_at = models.DateTimeField(null=True, blank=True)
    halted_by = models.CharField(max_length=200, blank=True)
    halted_reason = models.CharField(max_length=500, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100),
                name="rollout_percent_in_range",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[RolloutState.HALTED, RolloutState.CLOSED],
                    halted_at__isnull=False,
                )
                | ~Q(state__in=[RolloutState.HALTED, RolloutState.CLOSED]),
                name="rollout_halted_at_when_halted",
            ),
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(
                    state__in=[
                        RolloutState.SHADOW,
                        RolloutState.PILOT,
                        RolloutState.RAMPING,
                    ]
                ),
                name="one_rollout_under_way",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class RolloutStep(models.Model):
    """One move of a rollout: who, from where to where, and their note."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="steps")
    from_state = enum_field(RolloutState)
    to_state = enum_field(RolloutState)
    from_percent = models.PositiveSmallIntegerField()
    to_percent = models.PositiveSmallIntegerField()
    by_label = models.CharField(max_length=200)
    note = models.CharField(max_length=500)
    is_override = models.BooleanField(default=False)
    # What was known when the step was made: samples, limits, merchants moved.
    figures = models.JSONField(default=dict)
    gate_run = models.ForeignKey(
        "EvalRun", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"step of {self.rollout_id} to {self.to_percent}%"
