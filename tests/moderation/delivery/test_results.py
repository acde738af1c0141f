"""After a try: sent, later, or given up; and the endpoint's own circuit."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from moderation.delivery.egress import Answer
from moderation.delivery.results import (
    OPEN_AFTER,
    OPEN_MOST,
    at_once,
    is_taken,
    mark,
    open_for,
    wait_before,
)
from moderation.models import AuditEvent, Delivery, DeliveryAttempt
from moderation.models.clock import database_now
from tests.builders import an_assessment, an_endpoint

pytestmark = pytest.mark.django_db
HEADERS = {"webhook-id": "DEC-1", "webhook-signature": "v1,abc"}


@pytest.fixture
def due(settings: Any) -> Delivery:
    """Return a webhook row of an approved listing."""
    settings.REVIEWHUB_WEBHOOK_RETRY_SECONDS = (5, 300)
    an_endpoint()
    an_assessment()
    return Delivery.objects.get(channel="webhook")


def tried(delivery: Delivery, answer: Answer, **options: Any) -> bool:
    """Lease a row and mark one try of it."""
    token = uuid4()
    until = database_now() + timedelta(minutes=1)
    Delivery.objects.filter(pk=delivery.pk).update(lease_token=token, lease_until=until)
    marked = mark(
        pk=delivery.pk, token=token, headers=HEADERS, answer=answer, **options
    )
    delivery.refresh_from_db()
    return marked


def test_a_taken_message_is_sent_and_its_try_is_kept(due: Delivery) -> None:
    answer = Answer(
        200, "", 84, {"Content-Type": "text/plain", "Set-Cookie": "x"}, b"k"
    )
    assert tried(due, answer)
    assert (due.state, due.attempts, due.lease_token) == ("sent", 1, None)
    assert due.sent_at
    kept = DeliveryAttempt.objects.get()
    assert (kept.number, kept.status, kept.latency_ms) == (1, 200, 84)
    assert kept.request_headers == HEADERS
    assert kept.answer == "content-type: text/plain\n\nk"


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 404, 410, 429, 500])
def test_nothing_but_2xx_is_taken(status: int | None) -> None:
    assert not is_taken(Answer(status))
    assert is_taken(Answer(204))


def test_a_failed_try_waits_as_long_as_the_schedule_says(due: Delivery) -> None:
    now = database_now()
    assert tried(due, Answer(500), now=now, chance=0.0)
    assert (due.state, due.attempts) == ("pending", 1)
    assert due.due_at == now + timedelta(seconds=5)
    assert tried(due, Answer(error="timeout: x"), now=now, chance=1.0)
    assert due.due_at == now + timedelta(seconds=330)
    assert tried(due, Answer(500), now=now)
    assert (due.state, due.attempts) == ("dead", 3)
    assert [row.error for row in due.tries.order_by("number")] == ["", "timeout: x", ""]
    assert AuditEvent.objects.filter(action="give_up").count() == 1


def test_waits_are_spread_by_up_to_a_tenth(due: Delivery) -> None:
    assert wait_before(1, 0.0) == timedelta(seconds=5)
    assert wait_before(1, 1.0) == timedelta(seconds=5.5)
    assert wait_before(3, 0.5) is None


def test_410_ends_the_endpoint_and_says_why(due: Delivery) -> None:
    assert tried(due, Answer(410))
    assert (due.state, due.attempts) == ("dead", 1)
    endpoint = due.endpoint
    assert endpoint
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled
    assert "410" in endpoint.disabled_reason
    assert AuditEvent.objects.filter(action="webhook_disable").count() == 1


def test_a_sender_whose_lease_passed_on_writes_nothing(due: Delivery) -> None:
    assert not mark(pk=due.pk, token=uuid4(), headers=HEADERS, answer=Answer(200))
    due.refresh_from_db()
    assert due.state == "pending"
    assert not DeliveryAttempt.objects.exists()
    assert tried(due, Answer(200))
    assert not mark(pk=due.pk, token=UUID(int=1), headers=HEADERS, answer=Answer(500))
    assert due.tries.count() == 1


def test_many_failures_in_a_row_open_the_circuit_and_one_success_closes_it(
    due: Delivery,
) -> None:
    endpoint = due.endpoint
    assert endpoint
    type(endpoint).objects.filter(pk=endpoint.pk).update(failures=OPEN_AFTER - 1)
    now: datetime = database_now()
    assert tried(due, Answer(500), now=now)
    endpoint.refresh_from_db()
    assert endpoint.open_until == now + timedelta(seconds=30)
    assert at_once(endpoint, 4) == 1
    assert tried(due, Answer(200))
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.open_until) == (0, None)
    assert at_once(endpoint, 4) == 4


def test_the_circuit_opens_longer_each_time_up_to_a_bound() -> None:
    assert open_for(OPEN_AFTER - 1) is None
    waits = [open_for(OPEN_AFTER + n) for n in range(8)]
    assert waits == sorted(filter(None, waits))
    assert waits[-1] == OPEN_MOST == open_for(10_000)


def test_an_answer_is_kept_short_and_storable(due: Delivery) -> None:
    assert tried(due, Answer(500, "", 1, {}, b"\x00\xff" + b"x" * 16_000))
    kept = DeliveryAttempt.objects.get().answer
    assert "\x00" not in kept
    assert len(kept) <= 4000
