"""Merchants, their listings, and every version of a listing sent for review."""

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone

from moderation.models.fields import (
    both_or_neither,
    enum_field,
    new_listing_id,
    new_submission_id,
)
from moderation.states import Source, Standing, SubmissionState

PENDING = (
    SubmissionState.RECEIVED,
    SubmissionState.ASSESSING,
    SubmissionState.IN_REVIEW,
)


class Merchant(models.Model):
    """The account that submits listings, and the boundary of what may be seen."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    standing = enum_field(Standing, default=Standing.NEW)
    daily_budget_microusd = models.BigIntegerField(null=True, blank=True)
    monthly_budget_microusd = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class MerchantMember(models.Model):
    """A person who acts for a merchant; one person may belong to several."""

    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="members"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "user"], name="one_membership_a_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} for {self.merchant}"


class ContentKey(models.Model):
    """The secret under which a merchant's content is fingerprinted in the audit log.

    Destroying it makes every fingerprint meaningless, so content can be erased
    while the log's chain still verifies.
    """

    merchant = models.OneToOneField(
        Merchant, on_delete=models.CASCADE, related_name="content_key"
    )
    key = models.BinaryField(max_length=32, null=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(key__isnull=True, destroyed_at__isnull=False)
                | Q(key__isnull=False, destroyed_at__isnull=True),
                name="content_key_present_or_destroyed",
            )
        ]

    def __str__(self) -> str:
        return f"content key of {self.merchant_id}"


class Listing(models.Model):
    """The marketplace item, known by the merchant's own reference."""

    public_id = models.CharField(max_length=20, unique=True, default=new_listing_id)
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="listings"
    )
    external_id = models.CharField(max_length=200)
    live_decision = models.ForeignKey(
        "Decision", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "external_id"], name="one_listing_a_reference"
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Named look-ups of submissions."""

    def for_user(self, user: User) -> "SubmissionQuerySet":
        """Return those of the merchants that the user belongs to."""
        return self.filter(merchant__members__user=user)

    def waiting_for_machine(self) -> "SubmissionQuerySet":
        """Return those that a worker has still to finish."""
        return self.filter(
            state__in=(SubmissionState.RECEIVED, SubmissionState.ASSESSING)
        )


class Submission(models.Model):
    """One immutable content version of a Listing, sent for moderation."""

    public_id = models.CharField(max_length=20, unique=True, default=new_submission_id)
    listing = models.ForeignKey(
        Listing, on_delete=models.PROTECT, related_name="submissions"
    )
    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="submissions"
    )
    version = models.PositiveIntegerField()
    state = enum_field(SubmissionState, default=SubmissionState.RECEIVED)
    state_changed_at = models.DateTimeField(default=timezone.now)
    source = enum_field(Source)
    # As the merchant sent it, made storable; null once erased.
    raw = models.JSONField(null=True)
    # After the quality rules; what would be published without a person.
    tidied = models.JSONField(null=True)
    changes = models.JSONField(default=list)
    requests = models.JSONField(default=list)
    asks = models.JSONField(default=list)
    content_hash = models.CharField(max_length=64)
    # Out of the tidied content, for usual prices and for search.
    title = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=500, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    price = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    request_id = models.CharField(max_length=64, blank=True)
    sent_by = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    # The lower, the sooner: a person at a form waits less than a bulk file.
    priority = models.SmallIntegerField(default=50)
    pipeline = models.ForeignKey(
        "PipelineVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    bucket = models.PositiveSmallIntegerField(null=True)
    cluster = models.ForeignKey(
        "NearDuplicateCluster",
        on_delete=models.SET_NULL,
        null=True,
        related_name="submissions",
    )
    # A worker's hold: the token fences off a worker that lost it.
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=100, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # In flight when a worker died: claimed alone next time.
    is_suspect = models.BooleanField(default=False)
    crashes = models.PositiveSmallIntegerField(default=0)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listing", "version"], name="one_submission_a_version"
            ),
            models.CheckConstraint(
                condition=both_or_neither("lease_token", "lease_until"),
                name="submission_lease_whole",
            ),
            models.CheckConstraint(
                condition=Q(state=SubmissionState.ASSESSING, lease_token__isnull=False)
                | ~Q(state=SubmissionState.ASSESSING) & Q(lease_token__isnull=True),
                name="submission_leased_while_assessing",
            ),
        ]
        indexes = [
            # The worker's claim: the next received rows in order.
            models.Index(
                fields=["priority", "id"],
                name="submission_claim",
                condition=Q(state=SubmissionState.RECEIVED),
            ),
            # Rows that were in flight when a worker died: claimed one at a time.
            models.Index(
                fields=["id"],
                name="submission_suspects",
                condition=Q(state=SubmissionState.RECEIVED, is_suspect=True),
            ),
            # The sweeper: leases that ran out.
            models.Index(
                fields=["lease_until"],
                name="submission_leases",
                condition=Q(state=SubmissionState.ASSESSING),
            ),
            # The merchant's list, newest first, and look-ups of known content.
            models.Index(fields=["merchant", "-id"], name="submission_by_merchant"),
            models.Index(
                fields=["merchant", "content_hash"], name="submission_by_content"
            ),
            # Usual prices of a category in a currency.
            models.Index(
                fields=["category", "currency"],
                name="submission_by_category",
                condition=Q(state=SubmissionState.DECIDED),
            ),
            # Counts by hour on the overview.
            models.Index(fields=["received_at"], name="submission_by_arrival"),
        ]

    def __str__(self) -> str:
        return self.public_id
