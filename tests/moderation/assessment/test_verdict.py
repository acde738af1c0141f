"""The verdict: what an answer may look like and what its clauses add up to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moderation.assessment.verdict import Verdict, verdict_schema
from moderation.content import Content
from moderation.states import VerdictKind
from tests.protocol_modes import Asked, clause, verdict

ASKED = Asked("m", {"listing": Content(title="Lamp").as_dict()})


def judged(*actions: str, doubt: str = "") -> Verdict:
    clauses = [clause(ASKED, action=action) for action in actions]
    return Verdict.model_validate(verdict(ASKED, clauses=clauses, doubt=doubt))


@pytest.mark.parametrize(
    ("actions", "doubt", "kind"),
    [
        ((), "", VerdictKind.COMPLIANT),
        ((), "  ", VerdictKind.COMPLIANT),
        (("fix", "fix"), "", VerdictKind.COMPLIANT),
        (("fix", "ask"), "", VerdictKind.UNSURE),
        (("fix",), "Is it real?", VerdictKind.UNSURE),
        (("ask", "reject"), "Is it real?", VerdictKind.VIOLATION),
    ],
)
def test_clauses_and_doubt_add_up_to_a_kind(
    actions: tuple[str, ...], doubt: str, kind: VerdictKind
) -> None:
    assert judged(*actions, doubt=doubt).kind == kind


@given(
    st.lists(st.sampled_from(["fix", "ask", "reject"]), max_size=30),
    st.text(max_size=5),
)
def test_only_nothing_or_fixes_without_doubt_are_compliant(
    actions: list[str], doubt: str
) -> None:
    clean = set(actions) <= {"fix"} and not doubt.strip()

    kind = judged(*actions, doubt=doubt).kind

    assert (kind == VerdictKind.COMPLIANT) == clean


@pytest.mark.parametrize(
    "changes",
    [
        {"confidence": 1.01},
        {"confidence": -0.01},
        {"confidence": "0.5"},
        {"confidence": True},
        {"confidence": None},
        {"confidence": float("nan")},
        {"language": ""},
        {"reasoning": ""},
        {"reasoning": "x" * 4_001},
        {"clauses": [{}]},
        {"clauses": "none"},
        {"decision": "approve"},
        {"proposed": {}},
        {"doubt": None},
    ],
)
def test_an_answer_out_of_shape_or_range_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Verdict.model_validate(verdict(ASKED, **changes))


def test_a_confidence_of_exactly_nothing_or_everything_is_in_range() -> None:
    for share in (0, 1, 0.0, 1.0):
        Verdict.model_validate(verdict(ASKED, confidence=share))


def objects_in(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in objects_in(item)]
    if not isinstance(node, dict):
        return []
    inner = [found for value in node.values() for found in objects_in(value)]
    return [node, *inner] if node.get("type") == "object" else inner


def test_the_schema_is_strict_everywhere_and_describes_every_field() -> None:
    objects = objects_in(verdict_schema())

    assert len(objects) == 5
    for node in objects:
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
        for name, field in node["properties"].items():
            assert field["description"], name


def test_the_schema_has_no_keyword_that_strict_output_refuses() -> None:
    text = json.dumps(verdict_schema())

    for keyword in ("$ref", "$defs", "maxLength", "minLength", "maxItems", '"default"'):
        assert keyword not in text


def test_the_schema_is_built_once() -> None:
    assert verdict_schema() is verdict_schema()


def test_the_schema_asks_for_reasons_before_conclusions() -> None:
    assert list(verdict_schema()["properties"]) == [
        "reasoning",
        "clauses",
        "doubt",
        "proposed",
        "field_confidence",
        "confidence",
        "language",
    ]
