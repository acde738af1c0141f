"""The worker: everything that waits is judged once, whatever goes wrong with one."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections

from moderation import decisions, worker
from moderation.access.actor import Actor
from moderation.intake.store import withdraw
from moderation.models import Assessment, Decision, ReviewTask, Submission
from moderation.rollout.mode import set_mode
from moderation.routing.route import FAILURE_WORDS
from moderation.states import FailureKind, ModeKind
from moderation.worker import Worker
from tests.builders import (
    Answer,
    ScriptedClient,
    a_submission,
    a_verdict,
    always,
    serving,
    submissions,
    until,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    if connection.vendor == "postgresql":
        connections.close_all()


def states() -> dict[str, str]:
    """Return each listing's reference and the state of its submission."""
    found = Submission.objects.values_list("listing__external_id", "state")
    return dict(found)


def reasons() -> list[str]:
    """Return the codes on the one task."""
    return [reason["code"] for reason in ReviewTask.objects.get().reasons]


def started(client: ScriptedClient, **options: Any) -> tuple[Worker, threading.Thread]:
    """Return a worker at work in a thread of its own."""
    serving()
    made = Worker(name="worker:thread", client_factory=client, **options)
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    return made, thread


def test_all_that_waits_is_judged_and_written() -> None:
    submissions(40)
    client = ScriptedClient()
    assert work(client, concurrency=8) == 40
    assert set(states().values()) == {"decided"}
    assert len(client.asked) == 40
    assert 1 < client.most_at_once <= 8
    assert Decision.objects.count() == Assessment.objects.count() == 40


def test_nothing_waiting_is_nothing_done() -> None:
    assert work() == 0


def test_an_approval_publishes_what_was_proposed_with_its_grounds() -> None:
    row = a_submission()
    proposed = {**a_verdict()["proposed"], "title": "Stoneware mug, blue, 350 ml"}
    work(always(a_verdict(proposed=proposed)))
    decision = Decision.objects.get()
    assert (decision.outcome, decision.decided_by) == ("approved", "machine")
    assert decision.effective_at == decision.decided_at
    assert decision.published
    assert decision.published["price"] == "18.50"
    assessment = Assessment.objects.get()
    assert (assessment.route, assessment.reasons) == ("auto_approve", [])
    assert assessment.calibrated_confidence == pytest.approx(0.97)
    assert not any(assessment.guardrails.values())
    row.refresh_from_db()
    assert (row.state, row.lease_token) == ("decided", None)


@pytest.mark.parametrize("kind", sorted(set(FailureKind) - {FailureKind.CRASHED}))
def test_every_failure_ends_with_a_person_who_reads_why(kind: FailureKind) -> None:
    a_submission()
    work(always(kind))
    assert set(states().values()) == {"in_review"}
    assert reasons() == [kind]
    assert ReviewTask.objects.get().reasons[0]["message"] == FAILURE_WORDS[kind]
    assert Assessment.objects.get().failure == kind
    assert not Decision.objects.exists()


def test_a_refusal_is_read_before_what_came_earlier() -> None:
    first, second = submissions(2)
    work(
        ScriptedClient(
            lambda listing: (
                FailureKind.REFUSED
                if listing["title"] == "Stoneware pot"
                else FailureKind.TIMEOUT
            )
        )
    )
    late = a_submission(external_id="late", title="Stoneware pot")
    work(always(FailureKind.REFUSED))
    due = ReviewTask.objects.order_by("due_at", "priority", "id").first()
    assert due
    assert due.submission_id == late.pk


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (a_verdict(doubt="Is it new?"), "doubt"),
        (a_verdict(confidence=0.5), "low_confidence"),
        (a_verdict(language="ja"), "unsupported_language"),
        ("I would approve this.", "unparsable"),
        ("", "unparsable"),
        (a_verdict(confidence=7), "invalid_answer"),
        (ValueError("a defect"), "internal"),
    ],
    ids=["doubt", "unsure", "language", "prose", "nothing", "absurd", "defect"],
)
def test_whatever_is_not_clean_asks_a_person(answer: Answer, code: str) -> None:
    a_submission()
    work(always(answer))
    assert set(states().values()) == {"in_review"}
    assert code in reasons()


def test_a_fallbacks_answer_never_approves() -> None:
    a_submission()
    client = always(a_verdict())
    client.is_fallback = True
    work(client)
    assert reasons() == ["fallback_answer"]


def test_a_defect_in_judging_costs_one_listing_its_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = worker.moderate

    async def moderate(**given: Any) -> Any:
        if given["raw"].title.endswith("number 3"):
            raise RuntimeError("a defect")
        return await real(**given)

    for n in range(9):
        a_submission(external_id=f"MUG-{n}", title=f"Stoneware mug number {n}")
    monkeypatch.setattr(worker, "moderate", moderate)
    assert work() == 9
    assert reasons() == ["internal"]
    assert list(states().values()).count("decided") == 8


def test_one_that_cannot_be_written_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = submissions(9)
    real = decisions.owe_outcomes

    # Late in the group's transaction, when its other rows have been moved.
    def owe(made: list[Decision]) -> None:
        if any(decision.submission_id == rows[4].pk for decision in made):
            raise ValueError("no column holds this")
        real(made)

    monkeypatch.setattr(decisions, "owe_outcomes", owe)
    assert work() == 8
    rows[4].refresh_from_db()
    assert rows[4].state == "assessing"
    assert list(states().values()).count("decided") == 8


def test_a_listing_that_was_withdrawn_meanwhile_gets_no_decision() -> None:
    gone, kept = submissions(2)
    gate = threading.Event()
    client = ScriptedClient(gate=gate)
    made, thread = started(client)
    try:
        until(lambda: len(client.asked) == 2, what="asking the model")
        assert withdraw(submission=gone, by=Actor("person:seller"))
        gate.set()
        until(lambda: states()["MUG-1"] == "decided", what="the other's decision")
    finally:
        made.stop()
        thread.join(20)
    gone.refresh_from_db()
    assert gone.state == "withdrawn"
    assert Decision.objects.get().submission_id == kept.pk
    assert Assessment.objects.count() == 1


def test_the_kill_switch_between_judging_and_writing_stops_every_approval() -> None:
    submissions(20)
    gate = threading.Event()
    client = ScriptedClient(gate=gate)
    made, thread = started(client)
    try:
        until(lambda: len(client.asked) == 20, what="asking the model")
        set_mode(mode=ModeKind.HUMANS_ONLY, note="a doubt", by=Actor("person:ines"))
        gate.set()
        until(lambda: set(states().values()) == {"in_review"}, what="twenty tasks")
    finally:
        made.stop()
        thread.join(20)
    assert not Decision.objects.exists()
    assert {t.reasons[0]["code"] for t in ReviewTask.objects.all()} == {"mode"}
    assert set(Assessment.objects.values_list("route", flat=True)) == {"review"}


def test_a_stopped_worker_gives_back_what_it_holds() -> None:
    submissions(5)
    client = ScriptedClient(gate=threading.Event())
    made, thread = started(client, concurrency=4)
    until(lambda: len(client.asked) == 4, what="asking the model")
    made.stop()
    thread.join(20)
    assert not thread.is_alive()
    rows = Submission.objects.all()
    assert {(r.state, r.is_suspect, r.lease_token) for r in rows} == {
        ("received", False, None)
    }
    assert work() == 5


def test_a_worker_at_work_renews_its_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RENEW_S", 0.05)
    row = a_submission()
    client = ScriptedClient(gate=threading.Event())
    made, thread = started(client)
    try:
        until(lambda: len(client.asked) == 1, what="asking the model")
        first = Submission.objects.get(pk=row.pk).lease_until
        assert first
        until(
            lambda: (Submission.objects.get(pk=row.pk).lease_until or first) > first,
            what="a renewal",
        )
    finally:
        made.stop()
        thread.join(20)


def test_a_suspect_is_judged_with_nothing_beside_it() -> None:
    submissions(6)
    Submission.objects.update(is_suspect=True)
    client = ScriptedClient()
    assert work(client) == 6
    assert client.most_at_once == 1


def test_a_worker_told_to_stop_after_a_while_leaves_the_rest() -> None:
    submissions(3)
    serving()
    made = Worker(name="w", client_factory=ScriptedClient())
    assert made.drain(seconds=0).claimed == 0
    assert set(states().values()) == {"received"}


def test_two_workers_at_once_judge_each_listing_once() -> None:
    submissions(60)
    clients = [ScriptedClient(), ScriptedClient()]
    pairs = [started(client, concurrency=4) for client in clients]
    try:
        until(lambda: set(states().values()) == {"decided"}, what="sixty decisions")
    finally:
        for made, _ in pairs:
            made.stop()
        for _, thread in pairs:
            thread.join(20)
    assert sum(len(client.asked) for client in clients) == 60
    assert Decision.objects.count() == 60
