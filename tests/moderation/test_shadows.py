"""A candidate looks on: never in the way, never beyond bounds, never with an effect."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from prometheus_client import REGISTRY

from moderation import shadows
from moderation.access.actor import Actor
from moderation.models import (
    Assessment,
    Decision,
    ReviewTask,
    Rollout,
    Submission,
)
from moderation.rollout import stages
from moderation.states import FailureKind
from moderation.worker import Worker
from tests.builders import (
    Answer,
    ScriptedClient,
    a_verdict,
    a_version,
    forget_caches,
    submissions,
    until,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)
INES = Actor("person:ines")


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    forget_caches()
    yield
    forget_caches()
    if connection.vendor == "postgresql":
        connections.close_all()


def looked_on() -> Rollout:
    """Return a rollout in shadow of a version that asks another model."""
    a_version(name="old")
    new = a_version(name="new", by=INES, threshold=0.99)
    return stages.start(candidate=new, by=INES)


def left_out(reason: str) -> float:
    name = "reviewhub_shadows_left_out_total"
    return REGISTRY.get_sample_value(name, {"reason": reason}) or 0.0


def test_each_listing_is_judged_by_both_and_decided_by_the_baseline() -> None:
    looked_on()
    submissions(20)
    assert work(ScriptedClient(), concurrency=4) == 20
    by = Assessment.objects.values_list("role", "pipeline__name", "route")
    assert sorted(set(by)) == [
        ("serving", "old", "auto_approve"),
        ("shadow", "new", "review"),
    ]
    assert Assessment.objects.filter(role="shadow").count() == 20
    assert Decision.objects.count() == 20
    assert set(Submission.objects.values_list("pipeline__name", flat=True)) == {"old"}
    assert not ReviewTask.objects.exists()


@pytest.mark.parametrize(
    "answer", [FailureKind.TIMEOUT, "no json", RuntimeError("a defect")]
)
def test_a_candidate_that_fails_fails_nothing_else(answer: Any) -> None:
    looked_on()
    submissions(4)
    asked: list[str] = []

    def say(listing: dict[str, Any]) -> Answer:
        # The first question about a listing is the baseline's.
        asked.append(listing["title"])
        return a_verdict() if len(asked) <= 4 else answer

    work(ScriptedClient(say), concurrency=4)
    assert Decision.objects.count() == 4
    assert not ReviewTask.objects.exists()
    assert not Assessment.objects.failed().exists()


def test_what_exceeds_the_backlog_is_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shadows, "BACKLOG", 2)
    looked_on()
    submissions(12)
    before = left_out("backlog")
    assert work(ScriptedClient(), concurrency=12) == 12
    assert Decision.objects.count() == 12
    assert left_out("backlog") > before
    assert Assessment.objects.filter(role="shadow").count() < 12


def test_what_the_budget_forbids_is_left_out_and_counted() -> None:
    looked_on()
    submissions(3)
    before, asked = left_out("budget"), []

    def say(listing: dict[str, Any]) -> Answer:
        asked.append(1)
        return a_verdict() if len(asked) <= 3 else FailureKind.BUDGET

    work(ScriptedClient(say), concurrency=3)
    assert left_out("budget") == before + 3
    assert not Assessment.objects.filter(role="shadow").exists()


def test_a_worker_that_stops_drops_its_looks_and_nothing_else() -> None:
    looked_on()
    gate = threading.Event()
    asked: list[int] = []

    class Stuck(ScriptedClient):
        async def call(self, request: Any) -> Any:
            asked.append(1)
            self.gate = gate if len(asked) > 6 else None
            return await super().call(request)

    submissions(6)
    worker = Worker(name="worker:stuck", client_factory=Stuck(), concurrency=6)
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    try:
        until(lambda: Decision.objects.count() == 6, what="six decisions")
        until(lambda: len(asked) > 6, what="a look that hangs")
        before = left_out("stopping")
        worker.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()
    finally:
        gate.set()
        worker.stop()
        thread.join(timeout=10)
    assert left_out("stopping") > before
    assert not Assessment.objects.filter(role="shadow").exists()
    assert Decision.objects.count() == 6


def test_a_candidate_that_serves_acts_and_is_named_on_the_decision() -> None:
    rollout = looked_on()
    Rollout.objects.filter(pk=rollout.pk).update(state="ramping", percent=100)
    submissions(3)
    work(ScriptedClient(lambda listing: a_verdict(confidence=0.999)), concurrency=3)
    assert set(Decision.objects.values_list("pipeline__name", flat=True)) == {"new"}
    assert not Assessment.objects.filter(role="shadow").exists()
    assert Submission.objects.filter(bucket__isnull=False).count() == 3
