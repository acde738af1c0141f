"""What the review screen says of a task, and which clauses it ranks first."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from moderation.models import ReviewTask
from moderation.review.screen import ranked_clauses, read_task, screen_of
from tests.moderation.web.world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build()


def test_the_doubt_the_clause_and_the_words_stand_ready(world: World) -> None:
    seen = screen_of(read_task(world.knife().pk))
    assert [field.name for field in seen.doubtful] == ["category"]
    assert seen.clause is not None
    assert seen.clause.code == "P-102"
    assert seen.quotes == ("kitchen or hunting trips", "+40 721 555 019")
    assert [fix["code"] for fix in seen.fixes] == ["P-701"]
    assert seen.photos == 2
    assert seen.title == "Damascus Steel Knife, 24 cm, Rosewood Handle"
    assert {check.name: check.is_vetoed for check in seen.checks} == {
        "Price for this category": False,
        "Banned words": True,
    }


def test_a_failure_shows_what_the_rules_tidied_and_nothing_of_a_model(
    world: World,
) -> None:
    task = world.task(world.sent(), failure="model_timeout")
    seen = screen_of(read_task(task.pk))
    assert seen.is_failure
    assert seen.doubtful == ()
    assert all(field.confidence is None for field in seen.fields)


def test_a_blind_task_hides_the_models_answer(world: World) -> None:
    task = world.knife()
    ReviewTask.objects.filter(pk=task.pk).update(is_blind=True, clause="")
    seen = screen_of(read_task(task.pk))
    assert seen.quotes == ()
    assert seen.fixes == ()
    assert "Damascus Steel Knife" not in seen.title
    assert all(field.confidence is None for field in seen.fields)


def test_clauses_that_reject_come_before_fixes_and_before_the_rest(
    world: World,
) -> None:
    ranked = ranked_clauses(screen_of(read_task(world.knife().pk)))
    assert [r.clause.code for r in ranked[:2]] == ["P-102", "P-701"]
    assert ranked[0].quote == "kitchen or hunting trips"
    assert [r.key for r in ranked] == [1, 2, 3, 4, 5, 6]
    assert len({r.clause.code for r in ranked}) == 6


@pytest.mark.parametrize(
    ("words", "codes"),
    [("p12", ["P-102"]), ("P 3 0 2", ["P-302"]), ("alcohol", ["P-206"]), ("zzz", [])],
)
def test_clauses_are_found_by_letters_or_words(
    world: World, words: str, codes: list[str]
) -> None:
    seen = screen_of(read_task(world.knife().pk))
    assert [r.clause.code for r in ranked_clauses(seen, words)][: len(codes) or 1] == (
        codes
    )


def test_a_screen_is_read_in_one_query_once_the_policy_is_known(world: World) -> None:
    task = world.knife()
    screen_of(read_task(task.pk))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        screen_of(read_task(task.pk))
    assert len(queries) == 1
