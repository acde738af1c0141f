"""What keeps an installation going by itself: sweeping, publishing, forgetting."""

from datetime import timedelta

import structlog

from moderation import ledger
from moderation.claims import sweep_lost
from moderation.delivery.outbox import publish_due
from moderation.models import Heartbeat, IdempotencyKey, Submission
from moderation.models.clock import database_now
from moderation.results import write_crash
from moderation.review.queue import expire_leases
from moderation.telemetry import metrics
from moderation.versions import Served, baseline, served

log = structlog.get_logger(__name__)

# Answers to repeated requests are kept a day and a bit (reliability.md, B5).
REMEMBER_ANSWERS = timedelta(hours=26)
# A worker that showed no sign for so long is not there.
ALIVE_FOR = timedelta(seconds=15)


def sweep() -> dict[str, int]:
    """Put back what lost its holder; hand a person what keeps stopping workers."""
    swept, past_hope = sweep_lost()
    crashed = 0
    if past_hope:
        default = baseline().pk
        crashed = sum(
            _handed_over(row, served(row.pipeline_id or default)) for row in past_hope
        )
    expired = expire_leases()
    found = {"swept": swept, "crashed": crashed, "expired": expired}
    for kind, rows in found.items():
        metrics.SWEPT.labels(kind).inc(rows)
    if any(found.values()):
        log.info("swept", **found)
    return found


def _handed_over(row: Submission, version: Served) -> bool:
    """Hand one submission to a person; a failure costs the rest of a sweep nothing."""
    try:
        return write_crash(row, version)
    except Exception:
        log.exception("hand_over_failed", submission=row.public_id)
        return False


def publish() -> int:
    """Make due decisions effective; return how many."""
    return publish_due(by="machine", now=database_now())


def seal() -> int:
    """Chain the audit log's new rows; return how many.

    A chain that is broken stays as it is: nothing is sealed over it.
    """
    try:
        return ledger.seal()
    except ledger.ChainBrokenError as error:
        log.error("audit_chain_broken", reason=str(error))
        return 0


def forget() -> int:
    """Delete remembered answers that are old enough; return how many."""
    limit = database_now() - REMEMBER_ANSWERS
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=limit).delete()
    return deleted


def beat_heart(name: str, kind: str, **detail: object) -> None:
    """Write down that a process works just now."""
    Heartbeat.objects.update_or_create(
        name=name[:120],
        defaults={"kind": kind, "at": database_now(), "detail": detail},
    )


def is_alive(kind: str) -> bool:
    """Tell whether any process of this kind showed a sign of work lately."""
    since = database_now() - ALIVE_FOR
    return Heartbeat.objects.filter(kind=kind, at__gte=since).exists()
