"""A label that cannot be used is refused with everything that is wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.evals.labels import label_problems

KNOWN = {"P-101", "Q-01"}


def test_a_whole_label_has_no_problem() -> None:
    label = {
        "decision": "approve_with_fixes",
        "policy_codes": ["Q-01"],
        "needs_human": False,
        "fields": {"title": "Mug", "brand": None},
        "must_not_contain": ["call me"],
        "condition_in": ["new"],
    }
    assert label_problems(label, KNOWN) == ()


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ([], "wrong_type"),
        ({}, "not_a_choice"),
        ({"decision": "maybe"}, "not_a_choice"),
        ({"decision": "reject", "policy_codes": ["P-999"]}, "unknown_clause"),
        ({"decision": "reject", "policy_codes": []}, "required"),
        ({"decision": "approve", "policy_codes": "P-101"}, "wrong_type"),
        ({"decision": "approve", "needs_human": "no"}, "wrong_type"),
        ({"decision": "approve", "fields": {"colour": "red"}}, "unknown_field"),
        ({"decision": "approve", "fields": {"title": 3}}, "wrong_type"),
        ({"decision": "approve", "fields": []}, "wrong_type"),
        ({"decision": "approve", "must_not_contain": "x"}, "wrong_type"),
        ({"decision": "approve", "verdict": "x"}, "unknown_field"),
        (
            {"decision": "reject", "policy_codes": ["P-101"], "fields": {"title": "x"}},
            "not_published",
        ),
    ],
)
def test_what_is_wrong_is_named(label: object, code: str) -> None:
    assert code in {problem.code for problem in label_problems(label, KNOWN)}


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_no_json_makes_it_raise(label: object) -> None:
    assert isinstance(label_problems(label, KNOWN), tuple)


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "\ud800"},
        {"title": "a\x00b"},
        {"attributes": float("nan")},
        {"attributes": {"size": 5}},
        {"title": "x" * 200_000},
    ],
)
def test_what_no_database_or_page_can_hold_is_refused(fields: dict[str, Any]) -> None:
    label = {"decision": "approve", "fields": fields}
    assert label_problems(label, set())
