"""What a merchant does with the addresses it wants told: each act is one verb here.

Every verb writes its audit row beside what it changes. A secret is returned where it
is made and nowhere else.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from moderation.access.actor import Actor
from moderation.content import Problem
from moderation.delivery.addresses import RefusedAddressError
from moderation.delivery.egress import check_url
from moderation.delivery.messages import EVENTS, TEST, new_test_id, payload_of_test
from moderation.delivery.signing import new_secret
from moderation.models import AuditEvent, Delivery, Merchant, WebhookEndpoint
from moderation.models.clock import database_now
from moderation.models.transition import move_many
from moderation.states import DeliveryState

MOST_ENDPOINTS = 20
# How long the old secret signs beside the new one.
ROLL_OVERLAP = timedelta(hours=24)
Check = Callable[[str], object]


class EndpointRefusedError(ValueError):
    """The endpoint cannot be made or used so; every problem is named."""

    def __init__(self, *problems: Problem):
        self.problems = problems
        super().__init__(" ".join(problem.message for problem in problems))


def create_endpoint(
    *,
    merchant: Merchant,
    url: str,
    events: Sequence[str] = (),
    by: Actor,
    request_id: str = "",
    check: Check = check_url,
) -> WebhookEndpoint:
    """Add an address; its secret stands on what is returned.

    Args:
        events: what it is told, some of EVENTS; none means all.
        check: holds the address against the rules of egress.

    Raises:
        EndpointRefusedError: the address may not be called, an event is unknown,
            or there are too many endpoints.
    """
    url = url.strip()
    problems = [
        Problem(
            "events", "not_a_choice", f"{event[:60]} is none of {', '.join(EVENTS)}."
        )
        for event in events
        if event not in EVENTS
    ]
    try:
        # Outside the transaction: a name server may take seconds.
        check(url)
    except RefusedAddressError as error:
        problems.insert(0, Problem("url", "refused_address", str(error)))
    if problems:
        raise EndpointRefusedError(*problems)
    with transaction.atomic():
        # One at a time for a merchant: two at once do not get past the limit.
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        if live_endpoints(merchant).count() >= MOST_ENDPOINTS:
            words = f"Delete one first: a merchant may have {MOST_ENDPOINTS}."
            raise EndpointRefusedError(Problem("url", "too_many", words))
        endpoint = WebhookEndpoint.objects.create(
            merchant=merchant,
            url=url,
            events=list(dict.fromkeys(events)),
            secret=new_secret(),
            created_by=by.label,
        )
        _note(endpoint, "create", by, request_id, events=endpoint.events)
    return endpoint


def delete_endpoint(
    *,
    endpoint: WebhookEndpoint,
    by: Actor,
    request_id: str = "",
    now: datetime | None = None,
) -> bool:
    """Call an address no more; its log stays. False where it was gone already."""
    now = now or database_now()
    with transaction.atomic():
        gone = WebhookEndpoint.objects.filter(
            pk=endpoint.pk, deleted_at__isnull=True
        ).update(deleted_at=now, is_enabled=False)
        if not gone:
            return False
        waiting = list(
            Delivery.objects.select_for_update().filter(
                endpoint=endpoint, state=DeliveryState.PENDING
            )
        )
        move_many(
            waiting,
            DeliveryState.CANCELLED,
            by=by.label,
            action="delete_endpoint",
            change={"lease_token": None, "lease_until": None},
            request_id=request_id,
        )
        _note(endpoint, "delete", by, request_id, cancelled=len(waiting))
    return True


def roll_secret(
    *,
    endpoint: WebhookEndpoint,
    by: Actor,
    request_id: str = "",
    now: datetime | None = None,
) -> WebhookEndpoint:
    """Give an endpoint a new secret; both sign until the overlap ends.

    Rolled again within the overlap, the secret before the last one ends at once.
    """
    now = now or database_now()
    with transaction.atomic():
        current = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        current.old_secret, current.secret = current.secret, new_secret()
        current.old_secret_until = now + ROLL_OVERLAP
        current.save(update_fields=["secret", "old_secret", "old_secret_until"])
        _note(current, "roll_secret", by, request_id)
    return current


def set_enabled(
    *,
    endpoint: WebhookEndpoint,
    enabled: bool,
    by: Actor,
    reason: str = "",
    request_id: str = "",
) -> bool:
    """Switch an endpoint on or off; False where it stood so already.

    Off, nothing new is owed to it and what waits is kept; on, it begins afresh.
    """
    change: dict[str, Any] = {"is_enabled": enabled, "disabled_reason": reason[:200]}
    if enabled:
        change |= {"failures": 0, "open_until": None, "disabled_reason": ""}
    with transaction.atomic():
        changed = WebhookEndpoint.objects.filter(
            pk=endpoint.pk, is_enabled=not enabled, deleted_at__isnull=True
        ).update(**change)
        if changed:
            action = "enable" if enabled else "disable"
            _note(endpoint, action, by, request_id, reason=reason)
    return bool(changed)


def send_test(
    *,
    endpoint: WebhookEndpoint,
    by: Actor,
    request_id: str = "",
    now: datetime | None = None,
) -> Delivery:
    """Owe an endpoint a test message, due at once.

    Raises:
        EndpointRefusedError: it is switched off or deleted.
    """
    now = now or database_now()
    with transaction.atomic():
        _check_open(endpoint)
        delivery = Delivery.objects.create(
            merchant_id=endpoint.merchant_id,
            channel="webhook",
            endpoint=endpoint,
            event_id=new_test_id(),
            event=TEST,
            payload=payload_of_test(endpoint, now),
            due_at=now,
        )
        _note(endpoint, "test", by, request_id, delivery=delivery.public_id)
    return delivery


def resend(
    *,
    delivery: Delivery,
    by: Actor,
    request_id: str = "",
    now: datetime | None = None,
) -> Delivery:
    """Owe a message again under the same event id; the old row stays as it was.

    Raises:
        EndpointRefusedError: its endpoint is gone or off, or the message was
            taken back, or has still to be sent for the first time.
    """
    now = now or database_now()
    if delivery.endpoint is None:
        raise ValueError("Only a webhook can be sent again.")
    not_sent = {
        DeliveryState.CANCELLED: "It was taken back, so there is nothing to send.",
        DeliveryState.PENDING: "It is still on its way; it is sent without your help.",
    }
    if delivery.state in not_sent and not delivery.attempts:
        words = not_sent[DeliveryState(delivery.state)]
        raise EndpointRefusedError(Problem("delivery", "not_sent", words))
    with transaction.atomic():
        _check_open(delivery.endpoint)
        again = Delivery.objects.create(
            merchant_id=delivery.merchant_id,
            submission_id=delivery.submission_id,
            decision_id=delivery.decision_id,
            channel="webhook",
            endpoint_id=delivery.endpoint_id,
            event_id=delivery.event_id,
            event=delivery.event,
            payload=delivery.payload,
            due_at=now,
            resend_of_id=delivery.resend_of_id or delivery.pk,
        )
        _note(
            delivery.endpoint,
            "resend",
            by,
            request_id,
            of=delivery.public_id,
            delivery=again.public_id,
        )
    return again


def live_endpoints(merchant: Merchant) -> Any:
    """Return a merchant's endpoints that are not deleted, the newest first."""
    found = WebhookEndpoint.objects.filter(merchant=merchant, deleted_at__isnull=True)
    return found.order_by("-id")


def secrets_of(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Return the secrets that sign at a moment, the new one first."""
    until = endpoint.old_secret_until
    is_rolling = bool(endpoint.old_secret) and until is not None and until > now
    return [endpoint.secret, *([endpoint.old_secret] if is_rolling else [])]


def _check_open(endpoint: WebhookEndpoint) -> None:
    current = WebhookEndpoint.objects.get(pk=endpoint.pk)
    if current.deleted_at is not None:
        raise EndpointRefusedError(Problem("endpoint", "deleted", "It was deleted."))
    if not current.is_enabled:
        words = "Switch the endpoint on first."
        raise EndpointRefusedError(Problem("endpoint", "disabled", words))


def _note(
    endpoint: WebhookEndpoint, action: str, by: Actor, request_id: str, **data: object
) -> None:
    AuditEvent.objects.create(
        actor=by.label,
        action=f"webhook_{action}",
        subject_type="WebhookEndpoint",
        subject_id=endpoint.public_id,
        data=data,
        request_id=request_id,
    )
