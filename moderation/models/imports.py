"""Files and bulk calls: every row kept until it has an end."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.fields import enum_field, new_import_id, new_submission_id
from moderation.models.listings import Merchant, Submission
from moderation.states import ImportRowState, ImportState, Source


class Import(models.Model):
    """One file or bulk call of many listings."""

    public_id = models.CharField(max_length=20, unique=True, default=new_import_id)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="imports"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True
    )
    sent_by = models.CharField(max_length=200, blank=True)
    source = enum_field(Source)
    filename = models.CharField(max_length=200, blank=True)
    state = enum_field(ImportState, default=ImportState.ADMITTING)
    # Names of columns in the order of the merchant's own file, to hand it back.
    columns = models.JSONField(default=list)
    ignored_columns = models.JSONField(default=list)
    total_rows = models.PositiveIntegerField(default=0)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ImportState.DONE, finished_at__isnull=False)
                | Q(state=ImportState.ADMITTING, finished_at__isnull=True),
                name="import_done_when_finished",
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class ImportRow(models.Model):
    """One row of an import: waiting, or what became of it."""

    batch = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    data = models.JSONField(null=True)
    # The public id that its submission will have, told before there is one.
    reserved_id = models.CharField(
        max_length=20, unique=True, default=new_submission_id
    )
    state = enum_field(ImportRowState, default=ImportRowState.WAITING)
    errors = models.JSONField(default=list)
    submission = models.ForeignKey(
        Submission, on_delete=models.SET_NULL, null=True, related_name="import_rows"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "number"], name="one_import_row_a_number"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[ImportRowState.ADMITTED, ImportRowState.UNCHANGED]
                )
                | Q(submission__isnull=True),
                name="import_row_submission_only_when_taken",
            ),
        ]
        indexes = [
            # Admission: the next waiting rows of any import.
            models.Index(
                fields=["id"],
                name="import_row_waiting",
                condition=Q(state=ImportRowState.WAITING),
            )
        ]

    def __str__(self) -> str:
        return f"row {self.number} of {self.batch_id}"
