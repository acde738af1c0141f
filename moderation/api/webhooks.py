"""The merchant's calls about webhooks: addresses, what was sent, once more."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Path, Router, Status

from moderation.access.keys import READ_WEBHOOKS, WRITE_WEBHOOKS
from moderation.api.application import parameters_of, takes
from moderation.api.auth import ApiRequest, BearerKey, merchant_of
from moderation.api.check import read_model, read_query
from moderation.api.paging import cursor_of, read_cursor
from moderation.api.problems import ApiError
from moderation.api.show import time_of
from moderation.api.webhook_schemas import (
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    WebhookIn,
    WebhookList,
    WebhookOut,
    WebhookSecretOut,
)
from moderation.delivery import endpoints
from moderation.delivery.messages import EVENTS
from moderation.models import Delivery, WebhookEndpoint

router = Router(tags=["Webhooks"])
_reads, _writes = BearerKey(READ_WEBHOOKS), BearerKey(WRITE_WEBHOOKS)
_ID = re.compile(r"[A-Z]{3}-[0-9A-Z]{12}")
WebhookId = Annotated[str, Path(description="Id of a webhook.")]
DeliveryId = Annotated[str, Path(description="Id of a delivery.")]


@router.get(
    "/webhooks", auth=_reads, response=WebhookList, summary="List your webhooks"
)
def list_webhooks(request: ApiRequest) -> Any:
    """Show every address that is told, the newest first."""
    found = endpoints.live_endpoints(merchant_of(request.auth))
    return {"items": [_webhook(row) for row in found]}


@router.post(
    "/webhooks",
    auth=_writes,
    response={201: WebhookSecretOut},
    summary="Add a webhook",
    openapi_extra=takes(WebhookIn),
)
def create_webhook(request: ApiRequest) -> Any:
    """Add an address. Its secret is shown in this answer and never again."""
    merchant = merchant_of(request.auth)
    asked = read_model(request, WebhookIn)
    row = endpoints.create_endpoint(
        merchant=merchant,
        url=asked.url,
        events=asked.events or (),
        by=request.auth.actor,
        request_id=request.request_id,
    )
    return Status(201, {**_webhook(row), "secret": row.secret})


@router.get(
    "/webhooks/{webhook_id}",
    auth=_reads,
    response=WebhookOut,
    summary="Show a webhook",
)
def get_webhook(request: ApiRequest, webhook_id: WebhookId) -> Any:
    """Show one address."""
    return _webhook(_endpoint_of(request, webhook_id))


@router.delete(
    "/webhooks/{webhook_id}",
    auth=_writes,
    response={204: None},
    summary="Delete a webhook",
)
def delete_webhook(request: ApiRequest, webhook_id: WebhookId) -> Any:
    """Call an address no more. What waits for it is taken back; its log is kept."""
    endpoints.delete_endpoint(
        endpoint=_endpoint_of(request, webhook_id),
        by=request.auth.actor,
        request_id=request.request_id,
    )
    return HttpResponse(status=204)


@router.post(
    "/webhooks/{webhook_id}/test",
    auth=_writes,
    response={202: DeliveryOut},
    summary="Send a test",
)
def send_test(request: ApiRequest, webhook_id: WebhookId) -> Any:
    """Send a webhook.test message."""
    delivery = endpoints.send_test(
        endpoint=_endpoint_of(request, webhook_id),
        by=request.auth.actor,
        request_id=request.request_id,
    )
    return Status(202, _delivery(delivery))


@router.post(
    "/webhooks/{webhook_id}/roll",
    auth=_writes,
    response=WebhookSecretOut,
    summary="Roll a webhook's secret",
)
def roll_webhook(request: ApiRequest, webhook_id: WebhookId) -> Any:
    """Make a new secret. The old one signs beside it for 24 hours."""
    row = endpoints.roll_secret(
        endpoint=_endpoint_of(request, webhook_id),
        by=request.auth.actor,
        request_id=request.request_id,
    )
    return {**_webhook(row), "secret": row.secret}


@router.post(
    "/webhooks/{webhook_id}/enable",
    auth=_writes,
    response=WebhookOut,
    summary="Switch a webhook on",
)
def enable_webhook(request: ApiRequest, webhook_id: WebhookId) -> Any:
    """Tell an address again, and send what waits. Once more is no error."""
    return _switched(request, webhook_id, enabled=True)


@router.post(
    "/webhooks/{webhook_id}/disable",
    auth=_writes,
    response=WebhookOut,
    summary="Switch a webhook off",
)
def disable_webhook(request: ApiRequest, webhook_id: WebhookId) -> Any:
    """Tell an address nothing for now. Once more is no error."""
    return _switched(request, webhook_id, enabled=False)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    auth=_reads,
    response=DeliveryPage,
    summary="Read a webhook's log",
    openapi_extra={"parameters": parameters_of(DeliveryQuery)},
)
def list_deliveries(request: ApiRequest, webhook_id: WebhookId) -> Any:
    """Show what was sent to an address and what it answered, the newest first."""
    endpoint = _endpoint_of(request, webhook_id)
    query = read_query(request, DeliveryQuery)
    rows = endpoint.deliveries.all()
    if query.status:
        rows = rows.filter(state=query.status)
    if query.cursor:
        rows = rows.filter(pk__lt=read_cursor(query.cursor))
    rows = rows.select_related("endpoint", "resend_of").prefetch_related("tries")
    page = list(rows.order_by("-pk")[: query.limit + 1])
    is_last = len(page) <= query.limit
    page = page[: query.limit]
    return {
        "items": [_delivery(row, sorted_tries(row)) for row in page],
        "next_cursor": None if is_last else cursor_of(page[-1].pk),
    }


@router.post(
    "/deliveries/{delivery_id}/resend",
    auth=_writes,
    response={202: DeliveryOut},
    summary="Send a message again",
)
def resend_delivery(request: ApiRequest, delivery_id: DeliveryId) -> Any:
    """Send a message once more, as a new delivery with the same event id."""
    merchant = merchant_of(request.auth)
    found = None
    if _ID.fullmatch(delivery_id):
        found = (
            Delivery.objects.filter(
                merchant=merchant, channel="webhook", public_id=delivery_id
            )
            .select_related("endpoint")
            .first()
        )
    if found is None:
        raise ApiError("not-found")
    again = endpoints.resend(
        delivery=found, by=request.auth.actor, request_id=request.request_id
    )
    return Status(202, _delivery(again))


def sorted_tries(row: Delivery) -> list[dict[str, Any]]:
    """Return a delivery's tries as TryOut, the first one first."""
    return [
        {
            "number": found.number,
            "at": time_of(found.at),
            "status": found.status,
            "error": found.error,
            "latency_ms": found.latency_ms,
            "request_headers": found.request_headers,
            "answer": found.answer,
        }
        for found in sorted(row.tries.all(), key=lambda found: found.number)
    ]


def _switched(request: ApiRequest, webhook_id: str, *, enabled: bool) -> dict[str, Any]:
    endpoint = _endpoint_of(request, webhook_id)
    endpoints.set_enabled(
        endpoint=endpoint,
        enabled=enabled,
        by=request.auth.actor,
        reason="" if enabled else "Switched off by you.",
        request_id=request.request_id,
    )
    endpoint.refresh_from_db()
    return _webhook(endpoint)


def _endpoint_of(request: ApiRequest, public_id: str) -> WebhookEndpoint:
    found: WebhookEndpoint | None = None
    mine = endpoints.live_endpoints(merchant_of(request.auth))
    if _ID.fullmatch(public_id):
        found = mine.filter(public_id=public_id).first()
    if found is None:
        raise ApiError("not-found")
    return found


def _webhook(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "url": row.url,
        "events": row.events or list(EVENTS),
        "enabled": row.is_enabled,
        "disabled_reason": row.disabled_reason,
        "failures": row.failures,
        "created_at": time_of(row.created_at),
        "old_secret_until": time_of(row.old_secret_until),
    }


def _delivery(row: Delivery, tries: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    assert row.endpoint is not None
    return {
        "id": row.public_id,
        "webhook_id": row.endpoint.public_id,
        "event_id": row.event_id,
        "event": row.event,
        "status": row.state,
        "due_at": time_of(row.due_at),
        "sent_at": time_of(row.sent_at),
        "attempts": row.attempts,
        "resend_of": row.resend_of.public_id if row.resend_of else None,
        "payload": row.payload,
        "tries": list(tries),
    }
