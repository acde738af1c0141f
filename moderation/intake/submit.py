"""The verb of the front door: check, admit, and store a listing before any work.

Whatever can be refused is refused here, with every problem at once; what is
stored is owed an answer.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.content import Change, Content, Problem
from moderation.dispatch import ring
from moderation.intake.sanitize import sanitize
from moderation.intake.validate import all_problems, validate
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
from moderation.models.versions import mode_in_force
from moderation.standardise.standard import Standardised
from moderation.states import ModeKind, Source, Standing, SubmissionState, TaskState

Unknown = Literal["refuse", "ignore"]
CLOSED_RETRY_S = 300
BUSY_RETRY_S = 30
# What a machine usually needs, before a person is asked.
EXPECTED_SECONDS = 40
PRIORITY = {Source.FORM: 10, Source.API: 20, Source.BULK: 80, Source.IMPORT: 80}


class RefusedError(Exception):
    """The listing never becomes a submission; every problem is named."""

    def __init__(self, problems: tuple[Problem, ...], ignored: tuple[str, ...] = ()):
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems
        self.ignored = ignored


class BusyError(Exception):
    """More waits than can be handled: try again after some seconds."""

    def __init__(self, retry_after_s: int, reason: str):
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class IntakeClosedError(BusyError):
    """An admin has closed the intake."""


class KeyReusedError(Exception):
    """An idempotency key came back with another request."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A listing that may be stored: what was sent and what the rules made of it."""

    external_id: str
    content: Content
    standardised: Standardised
    changes: tuple[Change, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the caller gets: the submission and the receipt first given for it."""

    submission: Submission
    created: bool
    receipt: Mapping[str, Any]
    replayed: bool = False
    ignored: tuple[str, ...] = ()


def check(data: object, *, unknown: Unknown = "refuse") -> Checked:
    """Sanitise, validate and standardise; store nothing.

    Args:
        data: what the merchant sent, as parsed JSON.
        unknown: "refuse" unknown fields or "ignore" them.

    Raises:
        RefusedError: with every problem of every field.
    """
    cleaned: tuple[Change, ...] = ()
    if isinstance(data, Mapping):
        data, cleaned = sanitize(data)
    validated = validate(data, unknown=unknown)
    problems, standardised = all_problems(validated)
    if standardised is None or validated.content is None:
        raise RefusedError(problems, validated.ignored)
    return Checked(
        validated.external_id,
        validated.content,
        standardised,
        (*cleaned, *standardised.changes),
        validated.ignored,
    )


def submit(
    *,
    merchant: Merchant,
    data: object,
    source: Source,
    by: Actor,
    request_id: str,
    idempotency: tuple[str, str] | None = None,
    unknown: Unknown = "refuse",
) -> Submitted:
    """Check a listing and store it as a new version, once.

    Args:
        merchant: whose listing it is.
        data: what was sent, as parsed JSON.
        source: the door it came in by.
        by: who sent it.
        request_id: kept with the submission and in every log line about it.
        idempotency: the merchant's key and the SHA-256 of the request.
        unknown: "refuse" unknown fields or "ignore" them.

    Returns:
        The submission; `created` is False where the content is known already.

    Raises:
        RefusedError, BusyError, IntakeClosedError, KeyReusedError.
    """
    if idempotency and (replay := _replay(merchant, idempotency)):
        return replay
    checked = check(data, unknown=unknown)
    admit(merchant)
    try:
        submitted = store(
            merchant=merchant,
            checked=checked,
            source=source,
            by=by,
            request_id=request_id,
            idempotency=idempotency,
        )
    except IntegrityError:
        # A twin of this request was first: give its answer, or our place after it.
        if idempotency and (replay := _replay(merchant, idempotency)):
            return replay
        submitted = store(
            merchant=merchant,
            checked=checked,
            source=source,
            by=by,
            request_id=request_id,
            idempotency=idempotency,
        )
    if submitted.created:
        transaction.on_commit(lambda: ring("assess"))
    return submitted


def admit(merchant: Merchant) -> None:
    """Raise unless a listing of this merchant may come in now.

    Raises:
        IntakeClosedError: an admin closed the intake, or suspended the merchant.
        BusyError: as many submissions wait for the machine as may.
    """
    if mode_in_force() is ModeKind.CLOSED:
        raise IntakeClosedError(
            CLOSED_RETRY_S,
            "We take no listings just now. Try again later; nothing was saved.",
        )
    if merchant.standing == Standing.SUSPENDED:
        raise IntakeClosedError(
            CLOSED_RETRY_S,
            "This account may not send listings now. Write to the marketplace.",
        )
    if room() <= 0:
        raise BusyError(
            BUSY_RETRY_S,
            "We cannot take more right now. Try again after "
            f"{BUSY_RETRY_S} seconds. Nothing was saved.",
        )


def room() -> int:
    """Return how many more submissions may wait for the machine now."""
    limit = settings.REVIEWHUB_MAX_QUEUE_DEPTH
    # Counting stops at the limit, so the question stays cheap at any depth.
    return int(
        limit - Submission.objects.waiting_for_machine()[:limit].values("id").count()
    )


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
            newest = _insert(
                listing, newest, checked, content_hash, source, by, request_id,
                public_id, now,
            )
        assert newest is not None
        receipt = receipt_of(newest)
        if idempotency:
            IdempotencyKey.objects.create(
                merchant=merchant,
                key=idempotency[0],
                request_sha256=idempotency[1],
                status=202,
                answer={"submission": newest.public_id, "receipt": receipt},
            )
    return Submitted(newest, created, receipt, ignored=checked.ignored)


def receipt_of(submission: Submission) -> dict[str, Any]:
    """Return what the sender of a submission is told at once."""
    expected = submission.received_at + timedelta(seconds=EXPECTED_SECONDS)
    return {
        "id": submission.public_id,
        "listing_id": submission.listing.public_id,
        "external_id": submission.listing.external_id,
        "version": submission.version,
        "status": str(SubmissionState.RECEIVED),
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


def _insert(
    listing: Listing,
    newest: Submission | None,
    checked: Checked,
    content_hash: str,
    source: Source,
    by: Actor,
    request_id: str,
    public_id: str | None,
    now: datetime,
) -> Submission:
    standardised = checked.standardised
    submission = Submission(
        listing=listing,
        merchant_id=listing.merchant_id,
        version=newest.version + 1 if newest else 1,
        source=source,
        raw=checked.content.as_dict(),
        tidied=standardised.content.as_dict(),
        changes=[change.as_dict() for change in checked.changes],
        requests=[request.as_dict() for request in standardised.requests],
        asks=[ask.as_dict() for ask in standardised.asks],
        content_hash=content_hash,
        title=standardised.content.title[:200],
        category=standardised.content.category[:500],
        currency=standardised.content.currency[:3],
        price=Decimal(standardised.content.price or 0),
        request_id=request_id,
        sent_by=by.label,
        received_at=now,
        state_changed_at=now,
        priority=PRIORITY[source],
    )
    if public_id:
        submission.public_id = public_id
    submission.save(force_insert=True)
    key = content_key(listing.merchant_id)
    AuditEvent.objects.create(
        at=now,
        actor=by.label,
        action="submit",
        subject_type="Submission",
        subject_id=submission.public_id,
        to_state=SubmissionState.RECEIVED,
        content_hmac=hmac.new(key, content_hash.encode(), sha256).hexdigest(),
        request_id=request_id,
    )
    return submission


def _replay(merchant: Merchant, idempotency: tuple[str, str]) -> Submitted | None:
    key, digest = idempotency
    kept = IdempotencyKey.objects.filter(merchant=merchant, key=key).first()
    if kept is None:
        return None
    if kept.request_sha256 != digest:
        raise KeyReusedError(
            "This Idempotency-Key was used with another request. Use a new key."
        )
    submission = Submission.objects.get(public_id=kept.answer["submission"])
    return Submitted(submission, False, kept.answer["receipt"], replayed=True)
