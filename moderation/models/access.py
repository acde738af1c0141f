"""API keys, remembered answers to repeated requests, and people's preferences."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.listings import Merchant


class ApiKey(models.Model):
    """A key that acts as one person; only its fingerprint is kept."""

    ROLES = [("merchant", "merchant"), ("moderator", "moderator"), ("admin", "admin")]

    prefix = models.CharField(max_length=16, unique=True)
    sha256 = models.CharField(max_length=64, unique=True)
    last_four = models.CharField(max_length=4)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=16, choices=ROLES)
    scopes = models.JSONField(default=list)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, null=True, related_name="api_keys"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role="merchant", merchant__isnull=False)
                | ~Q(role="merchant") & Q(merchant__isnull=True),
                name="api_key_merchant_by_role",
            )
        ]

    def __str__(self) -> str:
        return self.prefix


class IdempotencyKey(models.Model):
    """The answer first given to a request, to be given again when it is repeated."""

    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="idempotency_keys"
    )
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "key"], name="one_answer_an_idempotency_key"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return self.key


class Preference(models.Model):
    """How one person wants the pages: theme, keys, media, languages, opt-outs."""

    THEMES = [("system", "system"), ("light", "light"), ("dark", "dark")]

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="preference",
    )
    theme = models.CharField(max_length=8, choices=THEMES, default="system")
    has_letter_keys = models.BooleanField(default=True)
    key_map = models.JSONField(default=dict)
    is_compact = models.BooleanField(default=False)
    is_blurred = models.BooleanField(default=True)
    languages = models.JSONField(default=list)
    opted_out_clauses = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"preference of {self.user_id}"
