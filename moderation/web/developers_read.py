"""What the developer's pages show: addresses, the log, one message side by side.

Reads only, and a bounded number of rows. Every query begins at one merchant's
endpoint.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone

from moderation.delivery.endpoints import live_endpoints
from moderation.delivery.messages import EXAMPLE
from moderation.models import Delivery, DeliveryAttempt, Merchant, WebhookEndpoint
from moderation.states import DeliveryState

PAGE_SIZE = 25
DAY = timedelta(days=1)
EXAMPLE_TEXT = json.dumps(EXAMPLE, indent=1, ensure_ascii=False)
TABS: Mapping[str, tuple[str, Q]] = {
    "": ("All", Q()),
    "failed": ("Failed", Q(state=DeliveryState.DEAD)),
    "waiting": ("Waiting", Q(state=DeliveryState.PENDING)),
    "sent": ("Taken", Q(state=DeliveryState.SENT)),
}
CHIPS = {
    DeliveryState.SENT: "done",
    DeliveryState.PENDING: "running",
    DeliveryState.DEAD: "late",
    DeliveryState.CANCELLED: "undone",
}


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One address in the list: how it fared in the last day."""

    endpoint: WebhookEndpoint
    sent: int
    failed: int
    waiting: int

    @property
    def chip(self) -> tuple[str, str]:
        """Return state and word."""
        if not self.endpoint.is_enabled:
            return "undone", "Off"
        if self.endpoint.failures:
            return "mend", f"Failing, {self.endpoint.failures} in a row"
        return "done", "On"


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery in the log."""

    delivery: Delivery
    status: int | None
    error: str
    latency_ms: int | None

    @property
    def word(self) -> str:
        """Return what the last try came to, in a word."""
        if self.status is not None:
            return str(self.status)
        if self.error:
            return self.error.partition(":")[0]
        cancelled = self.delivery.state == DeliveryState.CANCELLED
        return "undone" if cancelled else "waiting"

    @property
    def is_bad(self) -> bool:
        """Tell whether the last try failed."""
        return bool(self.error) or (self.status or 0) >= 300

    @property
    def took(self) -> str:
        """Return how long the last try took."""
        return took(self.latency_ms) if self.latency_ms is not None else ""


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery in full: what was sent, what came back, and every try."""

    delivery: Delivery
    chip: str
    label: str
    says: str
    request: str
    answer: str
    tries: tuple[tuple[datetime, str, bool], ...]
    next_at: datetime | None
    left: int
    can_resend: bool


def rows_of(merchant: Merchant) -> list[EndpointRow]:
    """Return a merchant's addresses with their last day, the newest first."""
    since = timezone.now() - DAY
    counted = live_endpoints(merchant).annotate(
        sent=Count(
            "deliveries",
            filter=Q(deliveries__sent_at__gte=since),
        ),
        failed=Count(
            "deliveries",
            filter=Q(deliveries__state=DeliveryState.DEAD)
            & Q(deliveries__due_at__gte=since),
        ),
        waiting=Count("deliveries", filter=Q(deliveries__state=DeliveryState.PENDING)),
    )
    return [EndpointRow(row, row.sent, row.failed, row.waiting) for row in counted]


def log_of(
    endpoint: WebhookEndpoint, *, tab: str, after: str, chosen: str
) -> dict[str, Any]:
    """Return one page of an address's log and the message that is open.

    Args:
        tab: one of TABS; another one is the first.
        after: public id of the last delivery of the page before, or "".
        chosen: public id of the delivery to show in full; "" the newest.
    """
    tab = tab if tab in TABS else ""
    everything = Delivery.objects.filter(endpoint=endpoint)
    counts = everything.aggregate(
        **{f"n_{name}": Count("pk", filter=which) for name, (_, which) in TABS.items()}
    )
    last = DeliveryAttempt.objects.filter(delivery=OuterRef("pk")).order_by("-number")
    found = everything.filter(TABS[tab][1]).annotate(
        last_status=Subquery(last.values("status")[:1]),
        last_error=Subquery(last.values("error")[:1]),
        last_ms=Subquery(last.values("latency_ms")[:1]),
    )
    if after:
        before = everything.filter(public_id=after).first()
        found = found.filter(pk__lt=before.pk if before else 0)
    rows = list(found.order_by("-pk")[: PAGE_SIZE + 1])
    lines = [
        Line(row, row.last_status, row.last_error or "", row.last_ms)
        for row in rows[:PAGE_SIZE]
    ]
    opened = everything.filter(public_id=chosen).first() if chosen else None
    shown = opened or (lines[0].delivery if lines else None)
    return {
        "tabs": [(name, word, counts[f"n_{name}"]) for name, (word, _) in TABS.items()],
        "tab": tab,
        "lines": lines,
        "older": lines[-1].delivery.public_id if len(rows) > PAGE_SIZE else "",
        "message": message_of(shown, endpoint) if shown else None,
    }


def message_of(delivery: Delivery, endpoint: WebhookEndpoint) -> Message:
    """Return one delivery as its page shows it."""
    tries = list(delivery.tries.order_by("number"))
    newest = tries[-1] if tries else None
    waits = delivery.state == DeliveryState.PENDING
    left = max(0, len(settings.REVIEWHUB_WEBHOOK_RETRY_SECONDS) - delivery.attempts)
    word = {
        DeliveryState.SENT: "Taken",
        DeliveryState.PENDING: "Waiting",
        DeliveryState.DEAD: "Given up",
        DeliveryState.CANCELLED: "Taken back",
    }[DeliveryState(delivery.state)]
    if newest and delivery.state != DeliveryState.CANCELLED:
        what = newest.status or newest.error.partition(":")[0]
        word = f"{what}, try {newest.number}"
    chip = CHIPS[DeliveryState(delivery.state)]
    return Message(
        delivery=delivery,
        chip="mend" if waits and newest else chip,
        label=word,
        says=_says(delivery, newest),
        request=_request(delivery, endpoint, newest),
        answer=_answer(newest),
        tries=tuple(
            (
                one.at,
                f"{one.status or one.error} in {took(one.latency_ms)}",
                not _ok(one),
            )
            for one in tries
        ),
        next_at=delivery.due_at if waits else None,
        left=left,
        can_resend=endpoint.is_enabled
        and bool(tries)
        and delivery.state != DeliveryState.CANCELLED,
    )


def took(milliseconds: int) -> str:
    """Return a duration as people read it: 84 ms, 1.2 s."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    return f"{milliseconds / 1000:.1f} s"


def _ok(one: DeliveryAttempt) -> bool:
    return one.status is not None and 200 <= one.status < 300


def _says(delivery: Delivery, newest: DeliveryAttempt | None) -> str:
    if delivery.state == DeliveryState.CANCELLED:
        return "The decision was taken back in time: nothing was sent."
    if newest is None:
        return "It has not been sent yet."
    heard = (
        f"Your server answered {newest.status} after {took(newest.latency_ms)}."
        if newest.status
        else f"No answer: {newest.error.partition(': ')[2] or newest.error}."
    )
    if delivery.state == DeliveryState.DEAD:
        return f"{heard} We do not try again by ourselves."
    return heard


def _request(
    delivery: Delivery, endpoint: WebhookEndpoint, newest: DeliveryAttempt | None
) -> str:
    parts = urlsplit(endpoint.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = newest.request_headers if newest else {"webhook-id": delivery.event_id}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    body = json.dumps(delivery.payload, indent=1, ensure_ascii=False)
    return "\n".join([f"POST {path}", *lines, "", body])


def _answer(newest: DeliveryAttempt | None) -> str:
    if newest is None:
        return ""
    if newest.status is None:
        return newest.error
    return f"HTTP {newest.status}\n{newest.answer}".strip()
