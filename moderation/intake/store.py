"""Stores a checked listing as a new version, once, and takes versions back.

One transaction a listing, or one for a chunk of listings never seen before.
"""

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.delivery.statement import wire_status
from moderation.intake.check import Checked
from moderation.models import (
    AuditEvent,
    IdempotencyKey,
    Listing,
    Merchant,
    ReviewTask,
    Submission,
)
from moderation.models.content_keys import content_key
from moderation.models.listings import PENDING
from moderation.models.transition import move
from moderation.states import Source, SubmissionState, TaskState

# What a machine usually needs, before a person is asked.
EXPECTED_SECONDS = 40
# The lower, the sooner: a person at a form waits less than a file.
PRIORITY = {Source.FORM: 10, Source.API: 20, Source.BULK: 80, Source.IMPORT: 80}


@dataclass(frozen=True, slots=True)
class Origin:
    """By which door, from whom, under which request and when it came."""

    source: Source
    by: Actor
    request_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the caller gets: the submission and the receipt first given for it."""

    submission: Submission
    created: bool
    receipt: Mapping[str, Any]
    replayed: bool = False
    ignored: tuple[str, ...] = ()


def store(
    *,
    merchant: Merchant,
    checked: Checked,
    source: Source,
    by: Actor,
    request_id: str,
    idempotency: tuple[str, str] | None = None,
    public_id: str | None = None,
    now: datetime | None = None,
) -> Submitted:
    """Store a checked listing as a new version, in one transaction.

    The newest version with the same content answers instead of a new one. A
    version that still waits is withdrawn, since the new one replaces it.
    """
    now = now or timezone.now()
    content_hash = checked.content.content_hash()
    with transaction.atomic():
        listing, _ = Listing.objects.select_for_update().get_or_create(
            merchant=merchant, external_id=checked.external_id
        )
        newest = listing.submissions.order_by("-version").first()
        created = not (
            newest
            and newest.content_hash == content_hash
            and newest.state != SubmissionState.WITHDRAWN
        )
        if created:
            if newest is not None:
                _withdraw_pending(listing, by, request_id)
            newest = new_submission(
                listing,
                checked,
                Origin(source, by, request_id, now),
                version=newest.version + 1 if newest else 1,
                public_id=public_id,
            )
            newest.save(force_insert=True)
            submit_event(newest).save(force_insert=True)
        assert newest is not None
        receipt = receipt_of(newest, is_new=created)
        if idempotency:
            IdempotencyKey.objects.create(
                merchant=merchant,
                key=idempotency[0],
                request_sha256=idempotency[1],
                status=202,
                answer={"submission": newest.public_id, "receipt": receipt},
            )
    return Submitted(newest, created, receipt, ignored=checked.ignored)


def receipt_of(submission: Submission, *, is_new: bool = True) -> dict[str, Any]:
    """Return what the sender of a submission is told at once.

    A new one is received; one that was known already says where it stands.
    """
    status = str(SubmissionState.RECEIVED)
    if not is_new:
        now = timezone.now()
        decision = submission.decisions.in_force(now).first()
        status = wire_status(submission, decision, now)
    expected = submission.received_at + timedelta(seconds=EXPECTED_SECONDS)
    return {
        "id": submission.public_id,
        "listing_id": submission.listing.public_id,
        "external_id": submission.listing.external_id,
        "version": submission.version,
        "status": status,
        "status_url": f"/api/v1/listings/{submission.public_id}",
        "expected_decision_at": expected.isoformat(timespec="seconds"),
    }


def withdraw(*, submission: Submission, by: Actor, request_id: str = "") -> bool:
    """Take a pending submission back; False where it is decided or gone already."""
    with transaction.atomic():
        current = Submission.objects.select_for_update().get(pk=submission.pk)
        if current.state not in PENDING:
            return False
        return _withdraw(current, by, "withdraw", request_id)


def _withdraw_pending(listing: Listing, by: Actor, request_id: str) -> None:
    pending = listing.submissions.select_for_update().filter(state__in=PENDING)
    for submission in pending:
        _withdraw(submission, by, "replace", request_id)


def _withdraw(submission: Submission, by: Actor, action: str, request_id: str) -> bool:
    moved = move(
        submission,
        SubmissionState.WITHDRAWN,
        by=by.label,
        action=action,
        change={
            "lease_token": None,
            "lease_until": None,
            "state_changed_at": timezone.now(),
        },
        request_id=request_id,
    )
    unfinished = ReviewTask.objects.select_for_update().filter(
        submission=submission, state__in=(TaskState.OPEN, TaskState.CLAIMED)
    )
    for task in unfinished:
        move(
            task,
            TaskState.CANCELLED,
            by=by.label,
            action=action,
            change={
                "claimed_by": None,
                "claimed_at": None,
                "lease_token": None,
                "lease_until": None,
            },
            request_id=request_id,
        )
    return moved


def store_new(
    *,
    merchant: Merchant,
    rows: Sequence[tuple[Checked, str]],
    source: Source,
    by: Actor,
    request_id: str,
) -> dict[str, Submission]:
    """Store the rows whose listing was never seen before, in a few statements.

    Args:
        rows: a checked listing and the public id that its submission will have.

    Returns:
        Public id to submission for the rows that were stored. Rows of known
        listings, and the second of two rows of one listing, are left for
        `store`. The caller's transaction holds it all.
    """
    first = {checked.external_id: (checked, pid) for checked, pid in reversed(rows)}
    known = set(
        Listing.objects.filter(
            merchant=merchant, external_id__in=list(first)
        ).values_list("external_id", flat=True)
    )
    fresh = [row for external_id, row in first.items() if external_id not in known]
    listings = Listing.objects.bulk_create(
        Listing(merchant=merchant, external_id=checked.external_id)
        for checked, _ in fresh
    )
    origin = Origin(source, by, request_id, timezone.now())
    # The order of the file is the order of the queue.
    made = [
        new_submission(listing, checked, origin, version=1, public_id=public_id)
        for listing, (checked, public_id) in sorted(
            zip(listings, fresh, strict=True), key=lambda pair: _place(rows, pair[1])
        )
    ]
    Submission.objects.bulk_create(made)
    AuditEvent.objects.bulk_create(submit_event(submission) for submission in made)
    return {submission.public_id: submission for submission in made}


def unchanged_among(
    *, merchant: Merchant, rows: Sequence[tuple[Checked, str]]
) -> dict[str, Submission]:
    """Return, by row id, the submission that a row would only repeat.

    A row repeats its listing's newest version when the content is the same and
    that version was not taken back. Several rows of one listing are left for
    `store`: what the later ones repeat depends on the earlier.
    """
    times = Counter(checked.external_id for checked, _ in rows)
    newest: dict[str, Submission] = {}
    for submission in (
        Submission.objects.filter(
            listing__merchant=merchant,
            listing__external_id__in=[checked.external_id for checked, _ in rows],
        )
        .select_related("listing")
        .order_by("version")
    ):
        newest[submission.listing.external_id] = submission
    return {
        row_id: held
        for checked, row_id in rows
        if times[checked.external_id] == 1
        and (held := newest.get(checked.external_id)) is not None
        and held.state != SubmissionState.WITHDRAWN
        and held.content_hash == checked.content.content_hash()
    }


def _place(rows: Sequence[tuple[Checked, str]], row: tuple[Checked, str]) -> int:
    return rows.index(row)


def new_submission(
    listing: Listing,
    checked: Checked,
    origin: Origin,
    *,
    version: int,
    public_id: str | None = None,
) -> Submission:
    """Return the submission for a checked listing, not saved yet."""
    standardised = checked.standardised
    content = standardised.content
    submission = Submission(
        listing=listing,
        merchant_id=listing.merchant_id,
        version=version,
        source=origin.source,
        raw=checked.content.as_dict(),
        tidied=content.as_dict(),
        changes=[change.as_dict() for change in checked.changes],
        requests=[request.as_dict() for request in standardised.requests],
        asks=[ask.as_dict() for ask in standardised.asks],
        content_hash=checked.content.content_hash(),
        title=content.title[:200],
        category=content.category[:500],
        currency=content.currency[:3],
        price=Decimal(content.price or 0),
        request_id=origin.request_id,
        sent_by=origin.by.label,
        received_at=origin.at,
        state_changed_at=origin.at,
        priority=PRIORITY[origin.source],
    )
    if public_id:
        submission.public_id = public_id
    return submission


def submit_event(submission: Submission) -> AuditEvent:
    """Return the audit row of a submission's arrival, not saved yet.

    It holds a fingerprint of the content under the merchant's own key, never
    the content.
    """
    key = content_key(submission.merchant_id)
    return AuditEvent(
        at=submission.received_at,
        actor=submission.sent_by,
        action="submit",
        subject_type="Submission",
        subject_id=submission.public_id,
        to_state=SubmissionState.RECEIVED,
        content_hmac=hmac.new(
            key, submission.content_hash.encode(), sha256
        ).hexdigest(),
        request_id=submission.request_id,
    )
