"""Auto-approve only when everything says so; else every reason that applies."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.routing.guardrails import GUARDRAILS
from moderation.routing.route import FAILURE_WORDS, Judgement, route
from moderation.states import FailureKind, ModeKind, Route, VerdictKind

CLEAN = Judgement(
    verdict=VerdictKind.COMPLIANT,
    failure=None,
    findings={},
    doubt="",
    calibrated=0.95,
    threshold=0.9,
    field_confidence={"title": 0.95, "price": 0.95},
    field_thresholds={"title": 0.9},
    vetoes=dict.fromkeys(GUARDRAILS, ""),
    mode=ModeKind.AUTOMATIC,
    may_act=True,
)
BLEMISHES: dict[str, tuple[dict[str, Any], str]] = {
    **{kind: ({"verdict": None, "failure": kind}, str(kind)) for kind in FailureKind},
    **{
        name: ({"vetoes": {**CLEAN.vetoes, name: "a reason"}}, name)
        for name in GUARDRAILS
    },
    "nothing at all": ({"verdict": None}, "internal"),
    "a finding": (
        {"verdict": VerdictKind.VIOLATION, "findings": {"P-101": "a gun"}},
        "P-101",
    ),
    "a violation without a finding": (
        {"verdict": VerdictKind.VIOLATION},
        "violation",
    ),
    "a doubt": ({"verdict": VerdictKind.UNSURE, "doubt": "is it new?"}, "doubt"),
    "low": ({"calibrated": 0.899999}, "low_confidence"),
    "a field": ({"field_confidence": {"title": 0.5}}, "low_confidence_title"),
    "no field": ({"field_confidence": {}}, "low_confidence_title"),
    "people": ({"mode": ModeKind.HUMANS_ONLY}, "mode"),
    "closed": ({"mode": ModeKind.CLOSED}, "mode"),
    "no proof": ({"may_act": False}, "not_certified"),
}
# Whether a confidence is low depends on the threshold, which the mixtures vary.
MIXABLE = sorted(set(BLEMISHES) - {"low"})


def codes(judgement: Judgement) -> list[str]:
    """Return the codes of the reasons."""
    return [reason.code for reason in route(judgement).reasons]


def test_a_clean_judgement_is_approved_without_reasons() -> None:
    routed = route(CLEAN)
    assert (routed.route, routed.reasons) == (Route.AUTO_APPROVE, ())


def test_reaching_the_threshold_exactly_is_enough() -> None:
    assert route(replace(CLEAN, calibrated=0.9)).route is Route.AUTO_APPROVE


@pytest.mark.parametrize("name", BLEMISHES)
def test_one_blemish_asks_a_person_and_is_the_only_reason(name: str) -> None:
    changes, code = BLEMISHES[name]
    routed = route(replace(CLEAN, **changes))
    assert routed.route is Route.REVIEW
    assert [reason.code for reason in routed.reasons] == [code]
    assert all(reason.message.strip() for reason in routed.reasons)


def test_every_reason_that_applies_is_told() -> None:
    judgement = replace(
        CLEAN,
        findings={"P-101": "a gun", "P-701": ""},
        doubt="is it real?",
        verdict=VerdictKind.VIOLATION,
        calibrated=0.1,
        vetoes={**CLEAN.vetoes, "new_merchant": "their first"},
        mode=ModeKind.HUMANS_ONLY,
        may_act=False,
    )
    assert codes(judgement) == [
        "P-101",
        "P-701",
        "doubt",
        "low_confidence",
        "new_merchant",
        "mode",
        "not_certified",
    ]


def test_every_failure_has_words() -> None:
    assert set(FAILURE_WORDS) == set(FailureKind)
    assert all(FAILURE_WORDS.values())


@given(
    changes=st.lists(st.sampled_from(MIXABLE), min_size=1, max_size=6),
    calibrated=st.floats(0, 1),
    threshold=st.floats(0, 1),
)
def test_no_mixture_of_blemishes_is_ever_approved(
    changes: list[str], calibrated: float, threshold: float
) -> None:
    judgement = replace(CLEAN, calibrated=calibrated, threshold=threshold)
    for name in changes:
        judgement = replace(judgement, **BLEMISHES[name][0])
    # A later change may undo an earlier one; the last always stands.
    assert route(judgement).route is Route.REVIEW


@given(calibrated=st.floats(0, 1), threshold=st.floats(0, 1))
def test_the_threshold_divides_the_clean_ones(
    calibrated: float, threshold: float
) -> None:
    routed = route(replace(CLEAN, calibrated=calibrated, threshold=threshold))
    assert (routed.route is Route.AUTO_APPROVE) == (calibrated >= threshold)


@given(
    confidence=st.dictionaries(
        st.sampled_from(["title", "price", "brand"]), st.floats(0, 1)
    ),
    thresholds=st.dictionaries(
        st.sampled_from(["title", "price", "brand"]), st.floats(0.01, 1)
    ),
)
def test_every_field_that_needs_it_must_be_sure(
    confidence: dict[str, float], thresholds: dict[str, float]
) -> None:
    judgement = replace(CLEAN, field_confidence=confidence, field_thresholds=thresholds)
    weak = {
        f"low_confidence_{name}"
        for name, needed in thresholds.items()
        if confidence.get(name, 0) < needed
    }
    assert set(codes(judgement)) == weak
