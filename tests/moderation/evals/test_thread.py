"""From a decision to the version that gets it right, and what is missing between."""

import pytest

from moderation.evals.thread import became, thread_of
from moderation.models import Decision, EvalCase
from tests.moderation.web.world import World, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build()


def test_a_decision_leads_to_the_version_that_gets_it_right(world: World) -> None:
    first = world.eval_run(right=False)
    second = world.eval_run(against=first)
    decision = Decision.objects.get()
    (one,) = thread_of(decision).cases
    assert one.case == EvalCase.objects.get()
    assert [entry.dataset for entry in one.frozen] == [first.dataset]
    assert [answer.run for answer in one.answers] == [second, first]
    assert one.verdicts == ((second.pipeline.name, True), (first.pipeline.name, False))
    assert one.right_in == second.pipeline.name


def test_where_nobody_is_right_it_says_so(world: World) -> None:
    world.eval_run(right=False)
    (one,) = thread_of(Decision.objects.get()).cases
    assert one.right_in == ""
    assert one.verdicts


def test_a_list_of_decisions_costs_three_queries(
    world: World, django_assert_num_queries: object
) -> None:
    world.eval_run()
    decisions = list(Decision.objects.all())
    with django_assert_num_queries(3):  # type: ignore[operator]
        found = became(decisions)
    assert found[decisions[0].pk].right_in
