"""Refusals: each of a verb's has an answer on the wire."""

import inspect

import pytest

from moderation.api import refusals
from moderation.api.problems import KINDS
from moderation.api.refusals import REFUSALS, as_api_error
from moderation.content import Problem
from moderation.intake import submit
from moderation.intake.check import RefusedError
from moderation.intake.submit import BusyError, IntakeClosedError
from moderation.review import decide, queue


def test_every_refusal_that_a_verb_can_raise_has_an_answer() -> None:
    raised = {
        found
        for module in (submit, decide, queue)
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception) and found.__module__ == module.__name__
    }
    assert raised <= set(REFUSALS)


@pytest.mark.parametrize(
    ("error", "slug", "seconds"),
    [
        (BusyError(0.2, "Later."), "busy", "1"),
        (BusyError(30, "Later."), "busy", "30"),
        (IntakeClosedError(300, "Closed."), "intake-closed", "300"),
    ],
)
def test_whoever_must_wait_is_told_for_how_many_seconds(
    error: BusyError, slug: str, seconds: str
) -> None:
    found = as_api_error(error)
    assert found.slug == slug
    assert KINDS[slug].status == 503
    assert found.headers == {"Retry-After": seconds}
    assert found.detail == str(error)


def test_every_problem_of_a_refusal_is_kept() -> None:
    problems = tuple(Problem(f"f{n}", "Q-08", "Send it.") for n in range(9))
    found = as_api_error(RefusedError(problems))
    assert [error.pointer for error in found.errors] == [f"/f{n}" for n in range(9)]


def test_what_is_no_refusal_is_not_made_one() -> None:
    with pytest.raises(KeyError):
        as_api_error(ValueError("a defect"))
    assert refusals.REFUSALS
