"""Near-duplicates of submissions, and what was read from images and documents."""

from django.db import models
from django.utils import timezone

from moderation.models.listings import Merchant, Submission


class NearDuplicateCluster(models.Model):
    """Submissions so alike that one decision may serve them all."""

    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"cluster {self.pk}"


class NearDuplicateBand(models.Model):
    """One band of a submission's MinHash signature (locality-sensitive hashing).

    Two submissions that share a band are candidates for being near-duplicates.
    Source: Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive
    Datasets, chapter 3.
    """

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="bands"
    )
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+")
    band = models.PositiveSmallIntegerField()
    value = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "band"], name="one_value_a_band"
            )
        ]
        indexes = [models.Index(fields=["band", "value"], name="band_lookup")]

    def __str__(self) -> str:
        return f"band {self.band} of {self.submission_id}"


class ImageFact(models.Model):
    """Something read from one image of a submission, with its source."""

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="image_facts"
    )
    url = models.CharField(max_length=2000)
    fact = models.CharField(max_length=60)
    value = models.JSONField()
    source = models.CharField(max_length=60)
    confidence = models.FloatField(null=True)
    read_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.fact} of {self.submission_id}"


class DocumentFact(models.Model):
    """Something read from one document of a submission, with its source."""

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="document_facts"
    )
    url = models.CharField(max_length=2000)
    page = models.PositiveSmallIntegerField(null=True)
    fact = models.CharField(max_length=60)
    value = models.JSONField()
    source = models.CharField(max_length=60)
    confidence = models.FloatField(null=True)
    read_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.fact} of {self.submission_id}"
