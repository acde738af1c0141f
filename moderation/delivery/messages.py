"""What a webhook says: the events there are, and the payload of each.

Composed from the statement of reasons, so it says what the merchant's page says:
never a moderator's name, never a model's own words.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moderation.delivery.statement import clauses_of, statement_of
from moderation.models import Decision, Delivery, Listing, WebhookEndpoint
from moderation.models.fields import random_id
from moderation.states import Outcome

TAKEN_DOWN, TEST = "listing.taken_down", "webhook.test"
# What an endpoint may subscribe to; a test is sent whatever it chose.
EVENTS = (*(f"listing.{outcome}" for outcome in Outcome), TAKEN_DOWN)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened to a listing, and when it is to be told.

    Attributes:
        decision: by which decision.
        event: one of EVENTS.
        at: when it is true for the outside; nothing is sent before.
    """

    decision: Decision
    event: str
    at: datetime

    @property
    def event_id(self) -> str:
        """Return the id that a receiver knows it by, over all tries and resends."""
        suffix = "-DOWN" if self.event == TAKEN_DOWN else ""
        return f"{self.decision.public_id}{suffix}"


def outcomes_of(decisions: Iterable[Decision]) -> list[Occurrence]:
    """Return what decisions are told as when they take effect."""
    return [
        Occurrence(decision, f"listing.{decision.outcome}", decision.effective_at)
        for decision in decisions
    ]


def messages_for(occurrences: Sequence[Occurrence]) -> list[Delivery]:
    """Return unsaved webhook rows: one for each endpoint that wants to know.

    Two queries for all, and none about listings where no merchant has an endpoint.
    """
    merchants = {item.decision.submission.merchant_id for item in occurrences}
    endpoints: dict[int, list[WebhookEndpoint]] = {}
    for endpoint in WebhookEndpoint.objects.filter(
        merchant__in=merchants, is_enabled=True, deleted_at__isnull=True
    ).order_by("id"):
        endpoints.setdefault(endpoint.merchant_id, []).append(endpoint)
    wanted = [
        (item, endpoint)
        for item in occurrences
        for endpoint in endpoints.get(item.decision.submission.merchant_id, ())
        if not endpoint.events or item.event in endpoint.events
    ]
    listings = Listing.objects.in_bulk(
        {item.decision.submission.listing_id for item, _ in wanted}
    )
    return [
        Delivery(
            merchant_id=endpoint.merchant_id,
            submission=item.decision.submission,
            decision=item.decision,
            channel="webhook",
            endpoint=endpoint,
            event_id=item.event_id,
            event=item.event,
            payload=payload_of(item, listings[item.decision.submission.listing_id]),
            due_at=item.at,
        )
        for item, endpoint in wanted
    ]


def payload_of(occurrence: Occurrence, listing: Listing) -> dict[str, Any]:
    """Return the body of a listing's event as JSON-like data."""
    decision = occurrence.decision
    return envelope(
        occurrence.event,
        occurrence.at,
        {
            "listing_id": listing.public_id,
            "submission_id": decision.submission.public_id,
            "external_id": listing.external_id,
            "version": decision.submission.version,
            "status": str(decision.outcome),
            "decision_id": decision.public_id,
            "statement": statement_of(decision, clauses_of(decision)),
        },
    )


def payload_of_test(endpoint: WebhookEndpoint, now: datetime) -> dict[str, Any]:
    """Return the body of a test message."""
    return envelope(
        TEST,
        now,
        {"endpoint_id": endpoint.public_id, "message": "It works: this is a test."},
    )


def new_test_id() -> str:
    """Return an event id for a test message."""
    return random_id("TST")


def envelope(event: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as the Standard Webhooks specification shapes it."""
    stamp = at.astimezone(UTC).isoformat(timespec="seconds")
    return {"type": event, "timestamp": stamp, "data": dict(data)}


def body_of(payload: Mapping[str, Any]) -> bytes:
    """Return a payload's bytes, the same at each try whatever the store did to it."""
    ordered = {name: payload[name] for name in ("type", "timestamp", "data")}
    ordered["data"] = _sorted(ordered["data"])
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


EXAMPLE: Mapping[str, Any] = {
    "type": "listing.changes_needed",
    "timestamp": "2026-11-20T11:58:40+00:00",
    "data": {
        "decision_id": "DEC-7QX04M2B9T1C",
        "external_id": "KS-PO-500",
        "listing_id": "LST-2B7QX04M9T1C",
        "status": "changes_needed",
        "statement": {
            "summary": "Your listing can go live after the changes listed. A person "
            "decided.",
            "grounds": [{"clause": "P-702", "quote": "kilnandstone.example"}],
        },
        "submission_id": "SUB-9T1C2B7QX04M",
        "version": 1,
    },
}
