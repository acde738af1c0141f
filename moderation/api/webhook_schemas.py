"""What webhooks and appeals look like on the wire. OpenAPI is made from these."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from moderation.api.schemas import Read, Write
from moderation.delivery.messages import EVENTS

Event = Literal[
    "listing.approved",
    "listing.changes_needed",
    "listing.rejected",
    "listing.taken_down",
]
assert set(EVENTS) == set(Event.__args__)  # type: ignore[attr-defined]  # a Literal
DeliveryStatus = Literal["pending", "sent", "dead", "cancelled"]


class WebhookIn(Write):
    """An address that wants to be told."""

    url: str = Field(
        min_length=1, max_length=2000, description="https, port 443 or 8443, public."
    )
    events: list[Event] | None = Field(
        default=None, max_length=20, description="What it is told; absent: everything."
    )


class AppealIn(Write):
    """Why the merchant disagrees with a refusal."""

    text: str = Field(
        min_length=1, max_length=2000, description="Why it should be decided otherwise."
    )
    quote: str | None = Field(
        default=None, max_length=2000, description="The words it is about."
    )


class AppealOut(Read):
    """An appeal."""

    id: str = Field(description="Its id.")
    submission_id: str = Field(description="The version it is about.")
    decision_id: str = Field(description="The decision it is about.")
    state: str = Field(description="open, upheld, rejected or withdrawn.")
    opened_at: str = Field(description="When it came in (UTC).")
    answer_by: str = Field(description="When another person will have looked (UTC).")


class WebhookOut(Read):
    """An address that is told."""

    id: str = Field(description="Its id.")
    url: str = Field(description="Where messages go.")
    events: list[str] = Field(description="What it is told.")
    enabled: bool = Field(description="Whether it is told at present.")
    disabled_reason: str = Field(description="Why it is not, where it is not.")
    failures: int = Field(description="Tries that failed in a row.")
    created_at: str = Field(description="When it was made (UTC).")
    old_secret_until: str | None = Field(
        description="Until when the old secret signs, too, after a roll (UTC)."
    )


class WebhookSecretOut(WebhookOut):
    """An address with its secret, which is shown this once."""

    secret: str = Field(description="Verifies signatures (Standard Webhooks).")


class WebhookList(Read):
    """Every address of the merchant."""

    items: list[WebhookOut] = Field(description="The newest first.")


class TryOut(Read):
    """One try to deliver."""

    number: int = Field(description="From 1.")
    at: str = Field(description="When it was written down (UTC).")
    status: int | None = Field(description="The HTTP status of the answer, if any.")
    error: str = Field(description="Why there was no answer.")
    latency_ms: int = Field(description="How long it took, in milliseconds.")
    request_headers: dict[str, str] = Field(description="What was sent.")
    answer: str = Field(description="The start of what came back.")


class DeliveryOut(Read):
    """One message to one address."""

    id: str = Field(description="Its id.")
    webhook_id: str = Field(description="To which address.")
    event_id: str = Field(
        description="The webhook-id header: the same over all tries and resends."
    )
    event: str = Field(description="What happened.")
    status: DeliveryStatus = Field(description="Where it stands.")
    due_at: str = Field(description="When it is, or was, to be sent (UTC).")
    sent_at: str | None = Field(description="When it was taken (UTC).")
    attempts: int = Field(description="Tries so far.")
    resend_of: str | None = Field(description="Which delivery it repeats.")
    payload: dict[str, Any] = Field(description="The body.")
    tries: list[TryOut] = Field(description="Every try, the first one first.")


class DeliveryPage(Read):
    """A page of deliveries, the newest first."""

    items: list[DeliveryOut] = Field(description="The deliveries.")
    next_cursor: str | None = Field(
        description="Send this as cursor for the next page; null on the last."
    )


class DeliveryQuery(BaseModel):
    """The parameters of the log."""

    model_config = ConfigDict(extra="forbid")

    status: DeliveryStatus | None = Field(default=None, description="Only those.")
    cursor: str | None = Field(
        default=None, max_length=200, description="next_cursor of the page before."
    )
    limit: int = Field(default=50, ge=1, le=200, description="Items a page.")
