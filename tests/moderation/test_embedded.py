"""One process without a broker: judging, admitting, publishing, until stopped."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections

from moderation import embedded, upkeep
from moderation.delivery.send import Sender
from moderation.embedded import Embedded
from moderation.models import Delivery, Listing, Submission
from moderation.worker import Worker
from tests.builders import ScriptedClient, a_submission, an_endpoint, serving, until
from tests.sink import a_sink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Embedded]:
    """Yield an embedded worker with a scripted model, running in a thread."""

    def worker(**options: Any) -> Worker:
        return Worker(client_factory=ScriptedClient(), **options)

    monkeypatch.setattr(embedded, "Worker", worker)
    monkeypatch.setattr(embedded, "TICK_S", 0.02)
    serving()
    made = Embedded()
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join(20)
    assert not thread.is_alive()
    if connection.vendor == "postgresql":
        connections.close_all()


def test_what_comes_in_is_judged_and_published(process: Embedded) -> None:
    a_submission()
    until(
        lambda: Listing.objects.filter(live_decision__isnull=False).exists(),
        what="going live",
    )
    assert upkeep.is_alive("worker")


def test_one_run_that_fails_stops_nothing(
    process: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[int] = []

    def fail() -> int:
        failed.append(1)
        raise ConnectionError("the database is away")

    monkeypatch.setitem(embedded.RUNS, "moderation.publish", fail)
    monkeypatch.setattr(embedded, "admit_waiting", fail)
    until(lambda: len(failed) > 2, what="failing")
    a_submission()
    until(
        lambda: Submission.objects.filter(state="decided").exists(), what="a decision"
    )


def test_a_worker_that_fails_is_started_again(
    process: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = Worker._claim, []

    def claim(self: Worker, free: int, alone: bool) -> Any:
        if not failures:
            failures.append(1)
            raise ConnectionError("the database is away")
        return real(self, free, alone)

    monkeypatch.setattr(Worker, "_claim", claim)
    until(lambda: bool(failures), what="failing")
    a_submission()
    until(
        lambda: Submission.objects.filter(state="decided").exists(), what="a decision"
    )


def test_webhooks_are_sent_from_a_thread_of_their_own(
    process: Embedded, settings: Any
) -> None:
    settings.REVIEWHUB_EGRESS_ALLOW = ("127.0.0.1",)
    with a_sink() as sink:
        an_endpoint(url=sink.url)
        a_submission()
        until(lambda: sink.told, what="telling the merchant")
        until(
            lambda: Delivery.objects.filter(channel="webhook", state="sent").exists(),
            what="writing it down",
        )


def test_a_sender_that_fails_is_started_again(
    process: Embedded, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REVIEWHUB_EGRESS_ALLOW = ("127.0.0.1",)
    real, failures = Sender._claim, []

    def claim(self: Sender) -> Any:
        if not failures:
            failures.append(1)
            raise ConnectionError("the database is away")
        return real(self)

    monkeypatch.setattr(Sender, "_claim", claim)
    until(lambda: bool(failures), what="failing")
    with a_sink() as sink:
        an_endpoint(url=sink.url)
        a_submission()
        until(lambda: sink.told, what="telling the merchant")
        until(
            lambda: Delivery.objects.filter(channel="webhook", state="sent").exists(),
            what="writing it down",
        )


def test_a_planned_eval_run_is_worked_on_beside_everything_else(
    process: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[int] = []

    def work_planned() -> int:
        worked.append(1)
        return 1

    monkeypatch.setitem(embedded.BESIDE, "moderation.evals", work_planned)
    # Once something was done it looks again at once, not after the schedule's pause.
    until(lambda: len(worked) > 3, seconds=15, what="working on runs")
