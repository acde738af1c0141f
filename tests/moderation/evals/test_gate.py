"""The gate lets through what reaches every bar, and says what does not."""

from typing import Any

import pytest

from moderation.evals.gate import Bars, judge_gate

GOOD: dict[str, Any] = {
    "cases": 200,
    "bad": 100,
    "bad_auto_approved": 5,
    "approvable": 100,
    "approvable_auto_approved": 50,
    "needs_human_auto_approved": 0,
    "field_exact": {"all": 0.95, "quality_codes": 0.95},
    "failures": 4,
}


def test_what_stands_at_every_bar_passes() -> None:
    gate = judge_gate(GOOD, Bars())
    assert gate.as_dict() == {"passed": True, "reasons": []}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bad_auto_approved": 6}, "6 of 100 listings that should not go live"),
        ({"approvable_auto_approved": 29}, "Only 29 of 100"),
        ({"needs_human_auto_approved": 1}, "gives to a person"),
        (
            {"field_exact": {"all": 0.94, "quality_codes": 1}},
            "94.0% of standardised values",
        ),
        (
            {"field_exact": {"all": 1, "quality_codes": 0.5}},
            "50.0% of sets of quality codes",
        ),
        ({"failures": 5}, "5 of 200 cases got no verdict"),
    ],
)
def test_each_bar_that_is_missed_is_a_reason(
    changes: dict[str, Any], words: str
) -> None:
    gate = judge_gate({**GOOD, **changes}, Bars())
    assert not gate.passed
    assert len(gate.reasons) == 1
    assert words in gate.reasons[0]


def test_every_missed_bar_is_told() -> None:
    worst = {
        **GOOD,
        "bad_auto_approved": 100,
        "approvable_auto_approved": 0,
        "needs_human_auto_approved": 9,
        "field_exact": {"all": 0, "quality_codes": 0},
        "failures": 200,
    }
    assert len(judge_gate(worst, Bars()).reasons) == 6


def test_nothing_to_count_is_no_share() -> None:
    empty = {**GOOD, "bad": 0, "bad_auto_approved": 0}
    assert judge_gate(empty, Bars()).passed


def test_a_candidate_may_not_be_much_worse_than_its_baseline() -> None:
    better = {**GOOD, "bad_auto_approved": 2, "approvable_auto_approved": 60}
    gate = judge_gate(GOOD, Bars(), better)
    assert [("wrongly live" in r, "rightly live" in r) for r in gate.reasons] == [
        (True, False),
        (False, True),
    ]
    slightly = {**GOOD, "bad_auto_approved": 3, "approvable_auto_approved": 52}
    assert judge_gate(GOOD, Bars(), slightly).passed
    assert judge_gate(better, Bars(), GOOD).passed


def test_no_more_coverage_is_asked_for_than_the_baseline_has() -> None:
    none_live = {**GOOD, "approvable_auto_approved": 0}
    few_live = {**GOOD, "approvable_auto_approved": 3}
    assert not judge_gate(none_live, Bars()).passed
    assert judge_gate(none_live, Bars(), none_live).passed
    assert judge_gate(few_live, Bars(), none_live).passed
    # Against one that reaches the bar, the bar holds as it is.
    assert "Only 0 of 100" in judge_gate(none_live, Bars(), GOOD).reasons[0]
