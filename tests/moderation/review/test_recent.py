"""One's own session, what can be undone, and what was decided alike."""

from datetime import UTC, datetime, timedelta

import pytest

from moderation.models import Decision, TaskSkip
from moderation.review import recent
from moderation.review.queue import claim_task, skip
from moderation.states import Outcome
from tests.moderation.web.world import World, build

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def ago(*minutes: int) -> list[datetime]:
    return [NOW - timedelta(minutes=m) for m in minutes]


def test_a_session_ends_at_a_long_pause() -> None:
    found = recent.session_from(ago(1, 5, 24, 50, 51), NOW)
    assert found.decided == 3
    assert found.lasted == timedelta(minutes=24)
    assert found.break_at == NOW - timedelta(minutes=24) + timedelta(hours=2)


def test_a_session_counts_by_ten_minutes_up_to_now() -> None:
    assert recent.session_from(ago(1, 9, 11, 25), NOW).bars == (0, 0, 0, 1, 1, 2)


def test_without_decisions_there_is_no_session() -> None:
    found = recent.session_from([], NOW)
    assert (found.decided, found.lasted, found.break_at) == (0, timedelta(0), None)


@pytest.fixture
def world(db: None) -> World:
    return build()


def test_only_the_newest_decision_inside_its_window_can_be_undone(world: World) -> None:
    by = world.actor("moderator")
    assert recent.undoable(by) is None
    task = world.task(world.sent())
    world.decided(task, Outcome.APPROVED, ago=timedelta(seconds=2))
    found = recent.undoable(by)
    assert found is not None
    assert (found.task, found.words) == (task.public_id, "approved")
    decision = Decision.objects.get()
    assert recent.undoable(by, decision.effective_at) is None
    assert recent.undoable(world.actor("senior")) is None


def test_a_skip_can_be_undone_while_the_task_is_free(world: World) -> None:
    by, now = world.actor("moderator"), datetime.now(UTC)
    task = claim_task(task=world.task(world.sent()), by=by, now=now)
    assert task.lease_token
    skip(task=task, by=by, lease_token=task.lease_token, now=now)
    found = recent.undoable(by, now + timedelta(seconds=1))
    assert found is not None
    assert (found.words, found.decision) == ("skipped", "")
    assert recent.undoable(by, now + timedelta(seconds=11)) is None
    claim_task(task=task, by=world.actor("senior"))
    assert TaskSkip.objects.exists()
    assert recent.undoable(by, now + timedelta(seconds=1)) is None


def test_precedents_are_people_s_decisions_under_the_same_clause_first(
    world: World,
) -> None:
    clause = [{"code": "P-102", "field": "title", "quote": "x"}]
    same = world.task(world.sent(external_id="A", category="Toys"), clause="P-102")
    world.decided(same, Outcome.REJECTED, clauses=clause)
    near = world.task(world.sent(external_id="B", category="Garden"))
    world.decided(near, Outcome.APPROVED)
    other = world.task(world.sent(external_id="C", category="Books"))
    world.decided(other, Outcome.APPROVED)
    mine = world.task(world.sent(external_id="D", category="Garden"))
    found = recent.precedents_of(
        code="P-102",
        category="Garden",
        other_than_listing=mine.submission.listing_id,
    )
    assert [p.task for p in found] == [same.public_id, near.public_id]
    assert [p.chip for p in found] == ["refused", "approved"]
