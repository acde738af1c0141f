"""Celery's entry points carry nothing and do what the database says."""

import threading
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from moderation import tasks
from moderation.delivery.endpoints import send_test
from moderation.models import Heartbeat
from moderation.worker import Progress
from tests.builders import SELLER, an_endpoint
from tests.sink import a_sink


class Drained:
    """Stands in for the worker: notes how it was called."""

    seconds: list[float | None] = []
    claimed = 0

    def __init__(self, **options: Any) -> None:
        self.options = options

    def drain(self, *, seconds: float | None = None) -> Progress:
        """Do nothing."""
        Drained.seconds.append(seconds)
        return Progress(claimed=Drained.claimed, written=Drained.claimed)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the bells rung; no worker works."""
    bells: list[str] = []
    monkeypatch.setattr(Drained, "seconds", [])
    monkeypatch.setattr(Drained, "claimed", 0)
    monkeypatch.setattr(tasks, "Worker", Drained)
    monkeypatch.setattr(tasks, "ring", bells.append)
    return bells


@pytest.mark.django_db(transaction=True)
def test_a_drain_ends_in_time_and_shows_that_the_worker_lives(rung: list[str]) -> None:
    assert tasks.assess() == 0
    assert Drained.seconds == [tasks.DRAIN_S]
    assert rung == []
    assert Heartbeat.objects.get().kind == "worker"


@pytest.mark.django_db(transaction=True)
def test_a_drain_that_found_work_rings_for_the_rest(rung: list[str]) -> None:
    Drained.claimed = 5
    assert tasks.assess() == 5
    assert rung == ["assess"]


@pytest.mark.django_db(transaction=True)
def test_a_process_drains_once_at_a_time(rung: list[str]) -> None:
    with tasks._draining:
        done: list[int] = []
        thread = threading.Thread(target=lambda: done.append(tasks.assess()))
        thread.start()
        thread.join(10)
    assert done == [0]
    assert Drained.seconds == []


@pytest.mark.django_db(transaction=True)
def test_a_drain_that_fails_does_not_block_the_next(
    rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Drained, **options: Any) -> Progress:
        raise ConnectionError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(Drained, "drain", fail)
        with pytest.raises(ConnectionError):
            tasks.assess()
    assert tasks.assess() == 0
    assert len(Drained.seconds) == 1


@pytest.mark.django_db(transaction=True)
def test_the_others_call_one_verb_each(settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert tasks.admit() == 0
    assert tasks.sweep() == {"swept": 0, "crashed": 0, "expired": 0}
    assert tasks.publish() == 0
    assert tasks.forget() == 0


@pytest.mark.django_db(transaction=True)
def test_due_webhooks_are_sent_by_one_round_at_a_time(settings: Settings) -> None:
    settings.REVIEWHUB_EGRESS_ALLOW = ("127.0.0.1",)
    with a_sink() as sink:
        send_test(endpoint=an_endpoint(url=sink.url), by=SELLER)
        with tasks._delivering:
            assert tasks.deliver() == 0
        assert sink.told == []
        assert tasks.deliver() == 1
        assert len(sink.told) == 1
