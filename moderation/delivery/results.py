"""What follows from one try to deliver: sent, tried again later, or given up.

Writes the try with what was said on both sides, whatever came of it, and keeps each
endpoint's own circuit. A sender whose lease has passed on writes nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from moderation.delivery.egress import Answer
from moderation.models import AuditEvent, Delivery, DeliveryAttempt, WebhookEndpoint
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.states import DeliveryState
from moderation.telemetry import metrics

log = structlog.get_logger(__name__)

ACTOR = "machine"
# Added to each wait at most, so that what failed together does not return together.
JITTER = 0.10
# After so many failures in a row an endpoint is left alone, longer each time, and
# then asked one message at a time.
OPEN_AFTER = 10
OPEN_FOR, OPEN_MOST = timedelta(seconds=30), timedelta(minutes=15)
ANSWER_CHARACTERS = 4000
GONE = 410
_SHOWN_HEADERS = ("content-type", "date", "location", "retry-after", "server")
_UNHELD = {"lease_token": None, "lease_until": None}


def mark(
    *,
    pk: int,
    token: UUID,
    headers: Mapping[str, str],
    answer: Answer,
    chance: float = 0.0,
    now: datetime | None = None,
) -> bool:
    """Write one try down and decide what follows; False where the lease was lost.

    Args:
        pk: the delivery.
        token: the lease that it was sent under.
        headers: what was sent, the signature included; never a secret.
        answer: what came back.
        chance: from 0 to 1, how much of the jitter is added to the wait.
    """
    now = now or database_now()
    with transaction.atomic():
        delivery = (
            Delivery.objects.select_for_update(of=("self",))
            .select_related("endpoint")
            .filter(pk=pk, lease_token=token, state=DeliveryState.PENDING)
            .first()
        )
        if delivery is None or delivery.endpoint is None:
            metrics.LEASE_LOST.labels("delivery").inc()
            log.warning("delivery_lease_lost", delivery=pk)
            return False
        tries = delivery.attempts + 1
        _keep(delivery, tries, headers, answer, now)
        if is_taken(answer):
            _sent(delivery, token, tries, now)
            _forgive(delivery.endpoint)
        else:
            _failed(delivery, token, tries, answer, chance, now)
            _count_failure(delivery.endpoint, answer, now)
    waited = (now - delivery.created_at).total_seconds()
    if is_taken(answer):
        metrics.STAGE_SECONDS.labels("deliver").observe(max(0.0, waited))
    return True


def is_taken(answer: Answer) -> bool:
    """Tell whether the sink took it: 2xx and nothing else, no redirect either."""
    return answer.status is not None and 200 <= answer.status < 300


def wait_before(tries: int, chance: float) -> timedelta | None:
    """Return the wait after so many failed tries; None when that was the last.

    Source: REVIEWHUB_WEBHOOK_RETRY_SECONDS, with up to a tenth on top.
    """
    waits = settings.REVIEWHUB_WEBHOOK_RETRY_SECONDS
    if tries > len(waits):
        return None
    return timedelta(seconds=waits[tries - 1] * (1 + JITTER * chance))


def open_for(failures: int) -> timedelta | None:
    """Return how long an endpoint is left alone after so many failures in a row."""
    if failures < OPEN_AFTER:
        return None
    pause: timedelta = OPEN_FOR * 2 ** min(failures - OPEN_AFTER, 10)
    return min(pause, OPEN_MOST)


def at_once(endpoint: WebhookEndpoint, most: int) -> int:
    """Return how many messages may be on their way to an endpoint at a time."""
    return 1 if endpoint.failures >= OPEN_AFTER else most


def _keep(
    delivery: Delivery,
    number: int,
    headers: Mapping[str, str],
    answer: Answer,
    now: datetime,
) -> None:
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=number,
        at=now,
        status=answer.status,
        latency_ms=answer.latency_ms,
        error=answer.error[:500],
        request_headers=dict(headers),
        answer=_told(answer),
    )


def _told(answer: Answer) -> str:
    """Return the answer as it is shown: some headers, and the start of the body."""
    if answer.status is None:
        return ""
    # A receiver may send any bytes, which come as lone surrogates: no text to store.
    given = {
        name.lower(): value.encode("utf-8", "surrogateescape").decode(
            "utf-8", "replace"
        )
        for name, value in answer.headers.items()
    }
    lines = [f"{name}: {given[name][:200]}" for name in _SHOWN_HEADERS if name in given]
    body = answer.body.decode("utf-8", "replace").replace("\x00", "\ufffd")
    return "\n".join([*lines, "", body])[:ANSWER_CHARACTERS].strip("\n")


def _sent(delivery: Delivery, token: UUID, tries: int, now: datetime) -> None:
    move(
        delivery,
        DeliveryState.SENT,
        by=ACTOR,
        action="deliver",
        where={"lease_token": token},
        change={**_UNHELD, "attempts": tries, "sent_at": now},
    )


def _forgive(endpoint: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.filter(pk=endpoint.pk, failures__gt=0).update(
        failures=0, open_until=None
    )


def _failed(
    delivery: Delivery,
    token: UUID,
    tries: int,
    answer: Answer,
    chance: float,
    now: datetime,
) -> None:
    wait = None if answer.status == GONE else wait_before(tries, chance)
    if wait is None:
        move(
            delivery,
            DeliveryState.DEAD,
            by=ACTOR,
            action="give_up",
            where={"lease_token": token},
            change={**_UNHELD, "attempts": tries},
            reason=f"status {answer.status}" if answer.status else answer.error,
        )
    else:
        Delivery.objects.filter(pk=delivery.pk, lease_token=token).update(
            **_UNHELD, attempts=tries, due_at=now + wait
        )


def _count_failure(endpoint: WebhookEndpoint, answer: Answer, now: datetime) -> None:
    """Open the endpoint's circuit after many failures; end it when it says so."""
    current = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    current.failures += 1
    pause = open_for(current.failures)
    current.open_until = now + pause if pause else None
    changed = ["failures", "open_until"]
    if answer.status == GONE and current.is_enabled:
        current.is_enabled = False
        current.disabled_reason = "It answered 410 Gone: the address is no more."
        changed += ["is_enabled", "disabled_reason"]
        AuditEvent.objects.create(
            actor=ACTOR,
            action="webhook_disable",
            subject_type="WebhookEndpoint",
            subject_id=current.public_id,
            data={"reason": current.disabled_reason},
        )
    current.save(update_fields=changed)
