"""Cases through the pipeline that serves, without a trace in the database."""

import pytest

from moderation.evals.cases import Case, Expected
from moderation.evals.runner import run_cases
from moderation.models import Assessment, Submission
from moderation.states import FailureKind
from tests.builders import (
    ScriptedClient,
    a_clause,
    a_listing,
    a_verdict,
    always,
    serving,
)

pytestmark = pytest.mark.django_db


def case(id_: str, **changes: object) -> Case:
    """Return a case of a listing with some fields changed."""
    return Case(id_, a_listing(**changes), Expected("approve"))


def test_each_case_gets_what_the_pipeline_would_do() -> None:
    client = ScriptedClient(
        lambda listing: (
            FailureKind.TIMEOUT
            if listing["title"] == "Brass lamp"
            else a_verdict(clauses=[a_clause()])
            if "Stoneware" in listing["title"]
            else a_verdict()
        )
    )
    done: list[int] = []
    found = run_cases(
        [
            case("ok", title="Blue mug"),
            case("gun"),
            case("down", title="Brass lamp"),
            case("bad", title="", price="free"),
        ],
        serving(),
        client_factory=client,
        on_done=done.append,
        concurrency=2,
    )
    assert sum(done) == 4
    assert {id_: r.route for id_, r in found.items()} == {
        "ok": "auto_approve",
        "gun": "review",
        "down": "review",
        "bad": "refused",
    }
    assert found["ok"].standardised["title"] == "Blue mug"
    assert found["gun"].reasons == ("P-101",)
    assert found["gun"].verdict == "violation"
    assert found["down"].failure == "model_timeout"
    assert set(found["bad"].reasons) == {"Q-08", "Q-09"}
    assert client.most_at_once <= 2
    assert not Submission.objects.exists()
    assert not Assessment.objects.exists()


def test_named_quality_codes_count_among_the_clauses() -> None:
    found = run_cases(
        [case("c", price="18,50", title="STONEWARE MUG BLUE")],
        serving(),
        client_factory=always(a_verdict()),
    )
    codes = set(found["c"].clauses)
    assert codes
    assert all(code.startswith("Q-") for code in codes)
    assert found["c"].as_dict()["route"] == "auto_approve"


def test_a_run_of_nothing_is_nothing() -> None:
    assert run_cases([], serving(), client_factory=ScriptedClient()) == {}


def test_an_answer_of_a_stand_in_is_a_failure_of_the_version() -> None:
    stood_in = ScriptedClient(lambda listing: a_verdict(), is_fallback=True)
    found = run_cases([case("mug")], serving(), client_factory=stood_in)
    result = found["mug"]
    assert result.failure is not None
    assert (result.verdict, result.calibrated_confidence) == (None, None)
    assert result.model_clauses == ()
    assert result.route == "review"
