"""Results as rows come back as they were, and are scored once."""

import pytest

from moderation.evals.results import finalise, results_of, rights_of
from moderation.models import AuditEvent
from tests.moderation.web.world import World, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build()


def test_a_run_is_scored_once(world: World) -> None:
    run = world.eval_run()
    before = run.finalized_at
    assert finalise(run).finalized_at == before
    assert AuditEvent.objects.filter(action="judge_gate").count() == 1


def test_stored_results_read_back_as_they_were_judged(world: World) -> None:
    run = world.eval_run(right=False)
    ((key, result),) = results_of(run).items()
    assert result.verdict == "violation"
    assert result.said[0]["code"] == "P-101"
    assert rights_of(run) == {int(key): False}
