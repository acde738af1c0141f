"""Sending over real sockets: at least once, in time, each endpoint for itself."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from standardwebhooks.webhooks import Webhook

from moderation.decisions import Ruling, overturn
from moderation.delivery import egress, results
from moderation.delivery.endpoints import resend, roll_secret
from moderation.delivery.outbox import cancel_owed, publish_due
from moderation.delivery.send import PER_ENDPOINT, Sender
from moderation.models import Delivery, DeliveryAttempt
from moderation.models.clock import database_now
from moderation.review.decide import undo
from moderation.states import Outcome
from tests.builders import (
    SELLER,
    a_merchant,
    a_moderator,
    an_assessment,
    an_endpoint,
    decided_by,
    submissions,
    until,
)
from tests.sink import Reply, Sink, a_sink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.REVIEWHUB_EGRESS_ALLOW = ("127.0.0.1",)
    settings.REVIEWHUB_WEBHOOK_RETRY_SECONDS = (0, 0, 0)
    settings.REVIEWHUB_UNDO_SECONDS = 30


@pytest.fixture
def sink() -> Iterator[Sink]:
    with a_sink() as made:
        yield made


def webhooks() -> list[Delivery]:
    """Return the webhook rows, the oldest first."""
    return list(Delivery.objects.filter(channel="webhook").order_by("id"))


def sent(**options: Any) -> int:
    """Send all that is due."""
    return Sender(**options).drain(seconds=10)


def test_an_approval_reaches_its_endpoint_signed_and_whole(sink: Sink) -> None:
    endpoint = an_endpoint(url=sink.url)
    an_assessment()
    assert sent() == 1
    (told,) = sink.told
    found: Any = Webhook(endpoint.secret).verify(told.body, told.headers)
    assert found["type"] == "listing.approved"
    (row,) = webhooks()
    assert row.state == "sent"
    assert told.headers["webhook-id"] == row.event_id
    assert json.loads(told.body) == row.payload
    assert endpoint.secret not in str(row.tries.get().request_headers)
    assert sent() == 0


def test_nothing_leaves_within_the_undo_window_or_after_an_undo(sink: Sink) -> None:
    an_endpoint(url=sink.url)
    decision = decided_by(a_moderator(), "rejected")
    assert sent() == 0
    undo(decision=decision, by=a_moderator())
    (row,) = webhooks()
    assert row.state == "cancelled"
    Delivery.objects.update(due_at=database_now() - timedelta(hours=1))
    assert sent() == 0
    assert sink.told == []


def test_what_a_sender_holds_can_no_longer_be_taken_back(sink: Sink) -> None:
    an_endpoint(url=sink.url)
    decision = decided_by(a_moderator(), "rejected")
    Delivery.objects.filter(channel="webhook").update(
        due_at=database_now() - timedelta(seconds=1)
    )
    assert len(Sender()._claim()) == 1
    assert not cancel_owed(decision, by="person:mara")


def test_a_sink_that_fails_thrice_gets_the_same_message_until_it_takes_it() -> None:
    with a_sink(lambda number: Reply(500 if number < 3 else 200)) as sink:
        endpoint = an_endpoint(url=sink.url)
        an_assessment()
        assert sent() == 4
        assert [row.status for row in DeliveryAttempt.objects.order_by("number")] == [
            *(500, 500, 500),
            200,
        ]
        assert len({told.headers["webhook-id"] for told in sink.told}) == 1
        assert len({told.body for told in sink.told}) == 1
        for told in sink.told:
            Webhook(endpoint.secret).verify(told.body, told.headers)
    (row,) = webhooks()
    assert (row.state, row.attempts) == ("sent", 4)


def test_after_the_last_try_it_is_dead_and_a_resend_brings_it_anew() -> None:
    with a_sink(lambda number: Reply(500 if number < 4 else 200)) as sink:
        an_endpoint(url=sink.url)
        an_assessment()
        assert sent() == 4
        (row,) = webhooks()
        assert (row.state, row.attempts) == ("dead", 4)
        resend(delivery=row, by=SELLER)
        assert sent() == 1
        assert len({told.headers["webhook-id"] for told in sink.told}) == 1
    assert [found.state for found in webhooks()] == ["dead", "sent"]


def test_410_ends_it_and_a_redirect_inward_is_not_followed(sink: Sink) -> None:
    def inward(number: int) -> Reply:
        return Reply(302, {"Location": sink.url}) if number < 1 else Reply(410)

    with a_sink(inward) as other:
        endpoint = an_endpoint(url=other.url)
        an_assessment()
        sent()
        assert len(other.told) == 2
    assert sink.told == []
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled
    assert [row.status for row in DeliveryAttempt.objects.order_by("id")] == [302, 410]


def test_both_secrets_verify_while_one_is_rolled(sink: Sink) -> None:
    endpoint = an_endpoint(url=sink.url)
    new = roll_secret(endpoint=endpoint, by=SELLER)
    an_assessment()
    sent()
    (told,) = sink.told
    for secret in (endpoint.secret, new.secret):
        Webhook(secret).verify(told.body, told.headers)


def test_an_address_that_turned_inward_is_refused_at_delivery(
    sink: Sink, settings: Any
) -> None:
    settings.REVIEWHUB_EGRESS_ALLOW = ()
    settings.REVIEWHUB_WEBHOOK_RETRY_SECONDS = ()
    an_endpoint(url=sink.url)
    an_assessment()
    assert sent() == 1
    assert sink.told == []
    (row,) = webhooks()
    assert row.state == "dead"
    assert row.tries.get().error.startswith("refused: ")


def test_a_slow_sink_delays_no_other_by_more_than_a_second(sink: Sink) -> None:
    with a_sink(lambda number: Reply(wait_s=2.5)) as slow:
        an_endpoint(url=slow.url)
        healthy = an_endpoint(a_merchant("other"), url=sink.url)
        for row in submissions(12):
            an_assessment(row)
        stop = threading.Event()
        sender = threading.Thread(target=in_a_thread(stop))
        sender.start()
        until(lambda: len(slow.told) == PER_ENDPOINT, what="filling the slow one")
        began = time.monotonic()
        an_assessment_for_other()
        until(lambda: sink.told, what="reaching the healthy one")
        assert sink.told[0].at - began < 1.0
        assert len(slow.told) <= PER_ENDPOINT
        stop.set()
        sender.join(20)
    assert healthy.deliveries.get().state == "sent"


def an_assessment_for_other() -> None:
    """Approve a listing of the other merchant."""
    (row,) = submissions(1, merchant=a_merchant("other"))
    an_assessment(row)


def in_a_thread(stop: threading.Event) -> Callable[[], None]:
    """Return a sender that runs until told to stop, with its own connection."""

    def run() -> None:
        try:
            Sender().run_forever(stop)
        finally:
            connections.close_all()

    return run


def test_a_sender_that_dies_between_sending_and_marking_is_sent_after(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_endpoint(url=sink.url)
    an_assessment()

    class Killed(BaseException):
        """The process is no more."""

    def die(**_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("moderation.delivery.results.mark", die)
        with pytest.raises(Killed):
            sent()
    assert sent() == 0  # the lease is still the dead one's
    Delivery.objects.filter(channel="webhook").update(
        lease_until=database_now() - timedelta(seconds=1)
    )
    assert sent() == 1
    assert len(sink.told) == 2
    assert len({told.headers["webhook-id"] for told in sink.told}) == 1
    assert webhooks()[0].state == "sent"


def test_a_zombie_marks_nothing(sink: Sink) -> None:
    an_endpoint(url=sink.url)
    an_assessment()

    async def taken_over(url: str, **given: Any) -> egress.Answer:
        return await egress.post(url, **given)

    zombie = Sender(post=taken_over, lease=timedelta(seconds=-1))
    (held,) = zombie._claim()
    assert sent() == 1
    zombie._landed.put((held, egress.Answer(500)))
    zombie._flying[held.endpoint] += 1
    zombie._mark_landed()
    (row,) = webhooks()
    assert (row.state, row.attempts) == ("sent", 1)


def test_a_call_that_raises_is_a_failed_try(settings: Any) -> None:
    settings.REVIEWHUB_WEBHOOK_RETRY_SECONDS = ()

    async def broken(url: str, **_: Any) -> egress.Answer:
        raise RuntimeError("a defect")

    an_endpoint()
    an_assessment()
    assert sent(post=broken) == 1
    assert webhooks()[0].state == "dead"


def test_an_open_circuit_and_a_switched_off_endpoint_get_nothing(sink: Sink) -> None:
    later = database_now() + timedelta(minutes=1)
    an_endpoint(url=sink.url, open_until=later, failures=10)
    off = an_endpoint(url=sink.url)
    an_assessment()
    type(off).objects.filter(pk=off.pk).update(is_enabled=False)
    assert sent() == 0
    assert sink.told == []


def test_bytes_that_are_no_text_cost_nobody_a_message() -> None:
    # The server writes it as Latin-1: one byte that is no UTF-8.
    odd = Reply(headers={"content-type": "text/caf\xe9"})
    with a_sink(lambda number: odd) as sink:
        an_endpoint(url=sink.url)
        an_assessment()
        assert sent() == 1
    (row,) = webhooks()
    assert row.state == "sent"
    assert "caf\ufffd" in row.tries.get().answer


def test_an_answer_that_cannot_be_stored_is_a_failed_try_of_its_own_message(
    sink: Sink, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = results.mark

    def mark(**facts: Any) -> None:
        if facts["answer"].status is not None:
            raise ValueError("no text")
        real(**facts)

    settings.REVIEWHUB_WEBHOOK_RETRY_SECONDS = (3600,)
    an_endpoint(url=sink.url)
    an_assessment()
    monkeypatch.setattr(results, "mark", mark)
    assert sent() == 1
    (row,) = webhooks()
    assert (row.state, row.attempts) == ("pending", 1)


def test_what_was_overturned_is_not_told_after_its_successor(settings: Any) -> None:
    settings.REVIEWHUB_WEBHOOK_RETRY_SECONDS = (3600,)
    with a_sink(lambda number: Reply(500)) as sink:
        an_endpoint(url=sink.url)
        old = an_assessment().decisions.get()
        publish_due(by="machine")
        assert sent() == 1
        overturn(
            decision=old,
            ruling=Ruling(outcome=Outcome.REJECTED, clauses=[{"code": "P-101"}]),
            by=a_moderator(),
            at=database_now(),
            effective_at=database_now(),
        )
        publish_due(by="machine")
    assert {row.event: row.state for row in webhooks()} == {
        "listing.approved": "cancelled",
        "listing.rejected": "pending",
        "listing.taken_down": "pending",
    }
