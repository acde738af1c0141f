"""The merchant behind a task is shown when asked for, and the asking is kept."""

import pytest

from moderation.models import AuditEvent
from moderation.review.reveal import reveal_merchant
from moderation.states import Outcome
from tests.moderation.web.world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build()


def test_the_record_counts_what_was_decided_and_the_look_is_written_down(
    world: World,
) -> None:
    clause = [{"code": "P-105"}]
    for number, outcome in enumerate((Outcome.APPROVED, Outcome.REJECTED)):
        task = world.task(world.sent(external_id=f"N-{number}"))
        clauses = clause if outcome == Outcome.REJECTED else []
        world.decided(task, outcome, clauses=clauses)
    theirs = world.task(world.sent(world.rival, external_id="R"))
    world.decided(theirs, Outcome.APPROVED)
    task = world.task(world.sent(external_id="NOW"))
    record = reveal_merchant(
        task=task, by=world.actor("moderator"), request_id="req_a_look"
    )
    assert (record.name, record.approved, record.asked, record.rejected) == (
        "Kiln & Stone",
        1,
        0,
        1,
    )
    event = AuditEvent.objects.get(action="reveal_merchant")
    assert (event.actor, event.subject_id, event.request_id) == (
        "person:moderator",
        task.public_id,
        "req_a_look",
    )
