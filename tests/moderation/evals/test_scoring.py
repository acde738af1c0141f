"""Every figure by its one definition, on cases made by hand."""

from typing import Any

import pytest

from moderation.evals.cases import Case, Expected
from moderation.evals.scoring import (
    Result,
    decision_of,
    field_hits,
    is_right,
    summarise,
    weighted_wrong,
    why_wrong,
)

LIVE = {"title": "Mug", "description": "A mug.", "attributes": {"Colour": "blue"}}


def case(decision: str = "approve", id_: str = "c", **label: Any) -> Case:
    """Return a labelled case."""
    for name in ("policy_codes",):
        label[name] = frozenset(label.get(name, ()))
    return Case(id_, {}, Expected(decision, **label), origin="made")


def result(
    route: str = "auto_approve", verdict: str | None = "compliant", **more: Any
) -> Result:
    """Return an answer: approved as it stands unless told otherwise."""
    given = {"standardised": LIVE, "calibrated_confidence": 0.9, **more}
    return Result("c", route, verdict=verdict, **given)


REFUSED = result("refused", None, calibrated_confidence=None, clauses=("Q-08",))


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (result(), "approve"),
        (result(clauses=("P-701",)), "approve_with_fixes"),
        (result("review", "violation"), "reject"),
        (result("review", "unsure"), None),
        (result("review", None), None),
        (REFUSED, "reject"),
    ],
)
def test_an_answer_amounts_to_a_decision(answer: Result, decision: str | None) -> None:
    assert decision_of(answer) == decision


@pytest.mark.parametrize(
    ("codes", "decision", "right"),
    [
        (["Q-08"], "reject", True),
        (["Q-07", "Q-08"], "reject", True),
        (["P-101"], "reject", False),
        (["P-101", "Q-08"], "reject", False),
        ([], "approve", False),
    ],
)
def test_a_refusal_is_right_where_quality_alone_rejects(
    codes: list[str], decision: str, right: bool
) -> None:
    assert is_right(case(decision, policy_codes=codes), REFUSED) is right


@pytest.mark.parametrize(
    ("labelled", "answer", "words"),
    [
        (case("reject"), result(), "should be rejected"),
        (case("approve", needs_human=True), result(), "needs a person"),
        (case(must_not_contain=("a MUG",)), result(), "still there"),
        (case(must_not_contain=("BLUE",)), result(), "still there"),
        (
            case("approve_with_fixes", policy_codes=["P-701"]),
            result(),
            "missing: P-701",
        ),
    ],
)
def test_an_approval_is_wrong_for_a_reason(
    labelled: Case, answer: Result, words: str
) -> None:
    assert words in why_wrong(labelled, answer)


@pytest.mark.parametrize(
    ("labelled", "answer"),
    [
        (case(), result()),
        (case(must_not_contain=("+40",)), result()),
        (
            case("approve_with_fixes", policy_codes=["P-701", "Q-05"]),
            result(model_clauses=("P-701",)),
        ),
    ],
)
def test_an_approval_as_labelled_is_right(labelled: Case, answer: Result) -> None:
    assert why_wrong(labelled, answer) == ""


def test_fields_are_compared_exactly_and_empty_is_absent() -> None:
    labelled = case(fields={"title": "Mug", "brand": None, "category": "Home"})
    hits = field_hits(labelled, result())
    assert hits == {
        "title": True,
        "brand": True,
        "category": False,
        "quality_codes": True,
    }


def test_any_of_several_conditions_is_right() -> None:
    labelled = case(condition_in=("new", "open_box"))
    good = result(standardised={**LIVE, "condition": "open_box"})
    assert field_hits(labelled, good)["condition"]
    assert not field_hits(labelled, result())["condition"]


@pytest.mark.parametrize(
    ("named", "right"),
    [
        (("Q-05",), True),
        (("Q-05", "P-701"), True),
        ((), False),
        (("Q-05", "Q-02"), False),
    ],
)
def test_quality_codes_are_right_when_the_sets_are_equal(
    named: tuple[str, ...], right: bool
) -> None:
    labelled = case(policy_codes=["Q-05", "P-701"])
    assert field_hits(labelled, result(clauses=named))["quality_codes"] is right


def test_a_rejected_or_refused_row_has_no_fields_to_hit() -> None:
    assert field_hits(case("reject", fields={"title": "Mug"}), result()) == {}
    assert field_hits(case(fields={"title": "Mug"}), REFUSED) == {}


def test_the_summary_counts_each_thing_once() -> None:
    cases = [
        case("approve", "good", fields={"title": "Mug"}),
        case("approve_with_fixes", "fixed", policy_codes=["P-701"]),
        case("approve", "asked"),
        case("reject", "gun", policy_codes=["P-101"]),
        case("reject", "missed", policy_codes=["P-102"]),
        case("approve", "person", needs_human=True),
        case("reject", "empty", policy_codes=["Q-08"]),
        case("approve", "failed"),
    ]
    results = {
        "good": result(calibrated_confidence=1.0),
        "fixed": result(clauses=("P-701",), model_clauses=("P-701",)),
        "asked": result("review", "unsure", calibrated_confidence=0.5),
        "gun": result(
            "review", "violation", model_clauses=("P-101",), calibrated_confidence=0.0
        ),
        "missed": result(cost_microusd=30),
        "person": result(),
        "empty": REFUSED,
        "failed": result(
            "review", None, failure="model_timeout", calibrated_confidence=None
        ),
    }
    found = summarise(cases, results)
    assert found["cases"] == 8
    assert found["refused"] == 1
    assert found["auto_approved"] == 4
    assert found["auto_approved_wrong"] == 2
    assert found["false_approval_rate"] == 0.5
    assert 0.5 < found["false_approval_upper95"] < 1
    assert found["approvable"] == 4
    assert found["approvable_auto_approved"] == 2
    assert (found["bad"], found["bad_auto_approved"]) == (4, 2)
    assert found["needs_human_auto_approved"] == 1
    # good, fixed, gun, empty; the person's row amounts to its label too.
    assert found["decision_accuracy"] == pytest.approx(5 / 8)
    assert found["clause_recall"] == pytest.approx(2 / 3)
    assert found["field_exact"]["title"] == found["field_exact"]["all"] == 1
    assert found["cost_microusd"] == 30
    assert found["failures"] == 1
    assert 0 < found["ece"] < 1
    assert found["by_origin"]["made"]["auto_approved_wrong"] == 2


def test_a_case_without_a_result_is_an_error() -> None:
    with pytest.raises(KeyError):
        summarise([case()], {})


def test_the_rate_at_a_real_share_of_bad_traffic_weighs_the_classes() -> None:
    good, bad = case("approve", "g"), case("reject", "b")
    pairs = [(good, result()), (bad, result()), (bad, result("review", "violation"))]
    # Of 100: 5 bad, half of them live; 95 good, all live.
    assert weighted_wrong(pairs, 0.05) == pytest.approx(2.5 / 97.5)
    assert weighted_wrong([(good, result())], 0.05) == 0
