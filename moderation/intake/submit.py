"""The verb of the front door: check, admit, and store a listing before any work.

Whatever can be refused is refused here, with every problem at once; what is
stored is owed an answer.
"""

from django.conf import settings
from django.db import IntegrityError, transaction

from moderation.access.actor import Actor
from moderation.dispatch import ring
from moderation.intake.check import RefusedError, Unknown, check
from moderation.intake.store import Submitted, store
from moderation.models import IdempotencyKey, Merchant, Submission
from moderation.models.versions import mode_in_force
from moderation.states import ModeKind, Source, Standing
from moderation.telemetry import metrics

CLOSED_RETRY_S = 300
BUSY_RETRY_S = 30


class BusyError(Exception):
    """More waits than can be handled: try again after some seconds."""

    def __init__(self, retry_after_s: int, reason: str):
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class IntakeClosedError(BusyError):
    """An admin has closed the intake."""


class KeyReusedError(Exception):
    """An idempotency key came back with another request."""


# How each is counted.
TURNED_AWAY: dict[type[Exception], str] = {
    RefusedError: "invalid",
    IntakeClosedError: "closed",
    BusyError: "busy",
    KeyReusedError: "key_reused",
}


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
    try:
        if idempotency and (replay := _replay(merchant, idempotency)):
            return replay
        checked = check(data, unknown=unknown)
        admit(merchant)
    except tuple(TURNED_AWAY) as error:
        metrics.SUBMISSIONS_REFUSED.labels(source, TURNED_AWAY[type(error)]).inc()
        raise
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
    else:
        metrics.SUBMISSIONS_UNCHANGED.labels(source).inc()
    return submitted


def admit(merchant: Merchant) -> None:
    """Raise unless a listing of this merchant may come in now.

    Raises:
        IntakeClosedError: an admin closed the intake, or suspended the merchant.
        BusyError: as many submissions wait for the machine as may.
    """
    refuse_when_closed(merchant)
    if room() <= 0:
        raise BusyError(
            BUSY_RETRY_S,
            "We cannot take more right now. Try again after "
            f"{BUSY_RETRY_S} seconds. Nothing was saved.",
        )


def refuse_when_closed(merchant: Merchant) -> None:
    """Raise where the door is shut, whatever room there is.

    Raises:
        IntakeClosedError: an admin closed the intake, or suspended the merchant.
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


def room() -> int:
    """Return how many more submissions may wait for the machine now."""
    limit = settings.REVIEWHUB_MAX_QUEUE_DEPTH
    # Counting stops at the limit, so the question stays cheap at any depth.
    return int(
        limit - Submission.objects.waiting_for_machine()[:limit].values("id").count()
    )


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
