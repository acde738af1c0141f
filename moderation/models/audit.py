"""Who moved what from where to where, and why; and the chain that seals it.

No foreign keys, on purpose: an event outlives its subject.
"""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class AuditEvent(models.Model):
    """One fact, appended in the transaction that made it true."""

    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=40)
    from_state = models.CharField(max_length=24, blank=True)
    to_state = models.CharField(max_length=24, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    # Ids and codes only; never a listing's words.
    data = models.JSONField(default=dict)
    content_hmac = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    # Set by the one sealer, after commit, in the order of sealing.
    sequence = models.PositiveBigIntegerField(null=True, unique=True)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sequence__isnull=True, sha256="")
                | Q(sequence__isnull=False) & ~Q(sha256=""),
                name="audit_event_sealed_whole",
            )
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="audit_unsealed",
                condition=Q(sequence__isnull=True),
            ),
            models.Index(
                fields=["subject_type", "subject_id"], name="audit_by_subject"
            ),
            models.Index(fields=["at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_id}"


class Heartbeat(models.Model):
    """When a process last showed that it works, not merely that it exists."""

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField(default=timezone.now)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["kind", "-at"], name="heartbeat_by_kind")]

    def __str__(self) -> str:
        return self.name


class ScheduledRun(models.Model):
    """When each entry of the schedule last ran, so one process runs it at a time."""

    name = models.CharField(max_length=60, unique=True)
    ran_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
