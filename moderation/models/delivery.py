"""What is owed to the outside, written with the decision and sent later."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.fields import (
    both_or_neither,
    enum_field,
    new_delivery_id,
    new_endpoint_id,
)
from moderation.models.listings import Merchant, Submission
from moderation.models.review import Decision
from moderation.states import DeliveryState


class WebhookEndpoint(models.Model):
    """An address that a merchant wants told."""

    public_id = models.CharField(max_length=20, unique=True, default=new_endpoint_id)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="endpoints"
    )
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list)
    secret = models.CharField(max_length=100)
    # Signs beside the new secret until it ends, so that a roll needs no pause.
    old_secret = models.CharField(max_length=100, blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=200, blank=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # A deleted endpoint is never called again; its log of deliveries stays.
    deleted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.public_id


class Delivery(models.Model):
    """One outcome message owed by one channel: the outbox row."""

    CHANNELS = [("publish", "publish"), ("webhook", "webhook"), ("email", "email")]

    public_id = models.CharField(max_length=20, unique=True, default=new_delivery_id)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="deliveries"
    )
    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, null=True, related_name="deliveries"
    )
    decision = models.ForeignKey(
        Decision, on_delete=models.CASCADE, null=True, related_name="deliveries"
    )
    channel = models.CharField(max_length=8, choices=CHANNELS)
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, null=True, related_name="deliveries"
    )
    # The same event keeps its id over retries and resends.
    event_id = models.CharField(max_length=40)
    event = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    state = enum_field(DeliveryState, default=DeliveryState.PENDING)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    resend_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(channel="webhook", endpoint__isnull=False)
                | ~Q(channel="webhook") & Q(endpoint__isnull=True),
                name="delivery_endpoint_for_webhooks",
            ),
            models.CheckConstraint(
                condition=both_or_neither("lease_token", "lease_until"),
                name="delivery_lease_whole",
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.SENT, sent_at__isnull=False)
                | ~Q(state=DeliveryState.SENT) & Q(sent_at__isnull=True),
                name="delivery_sent_at_when_sent",
            ),
            models.UniqueConstraint(
                fields=["decision"],
                condition=Q(channel="publish"),
                name="one_publication_a_decision",
            ),
            models.UniqueConstraint(
                fields=["endpoint", "event_id"],
                condition=Q(channel="webhook", resend_of__isnull=True),
                name="one_webhook_an_endpoint_and_event",
            ),
        ]
        indexes = [
            # An endpoint's log, newest first.
            models.Index(fields=["endpoint", "-id"], name="delivery_by_endpoint"),
            models.Index(
                fields=["channel", "due_at"],
                name="delivery_due",
                condition=Q(state=DeliveryState.PENDING),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class DeliveryAttempt(models.Model):
    """One try to deliver, with what was said on both sides."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="tries"
    )
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    request_headers = models.JSONField(default=dict)
    answer = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"try {self.number} of {self.delivery_id}"
