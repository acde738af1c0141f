"""The rulebook, one version a row, one clause a heading."""

from django.db import models
from django.utils import timezone


class Policy(models.Model):
    """One version of the marketplace policy."""

    version = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=200)
    text = models.TextField()
    sha256 = models.CharField(max_length=64, unique=True)
    in_force_from = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return f"policy {self.version}"


class PolicyClause(models.Model):
    """One citable heading of a policy."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="clauses")
    code = models.CharField(max_length=10)
    title = models.CharField(max_length=200)
    chapter = models.CharField(max_length=200)
    text = models.TextField()
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "code"], name="one_clause_a_code")
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"
