"""A curator's verbs: accept, discard, mend the label, a second person's approval."""

import pytest

from moderation.access.actor import Actor
from moderation.evals.curation import (
    CurationError,
    InvalidLabelError,
    accept_case,
    accept_cases,
    discard_case,
    edit_label,
    second_approve,
    set_split,
)
from moderation.models import AuditEvent, EvalCase
from moderation.retrieval.policies import install_shipped_policy
from moderation.states import CaseState
from tests.builders import a_listing, a_person, forget_caches

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policy() -> None:
    forget_caches()
    install_shipped_policy()


def a_case(number: int = 1) -> EvalCase:
    """Return a proposed case."""
    return EvalCase.objects.create(
        reference=f"DEC-{number}",
        listing=a_listing(),
        expected={"decision": "approve", "policy_codes": [], "needs_human": False},
        provenance="decision",
    )


def ines() -> Actor:
    """Return the first curator."""
    return a_person("ines", "admin")


def omar() -> Actor:
    """Return the second one."""
    return a_person("omar", "admin")


def test_an_accepted_case_says_who_and_when() -> None:
    case = a_case()
    assert accept_case(case=case, by=ines())
    case.refresh_from_db()
    assert case.state == CaseState.ACCEPTED
    assert case.curated_by == ines().user
    assert AuditEvent.objects.get(action="accept").subject_id == str(case.pk)
    assert not accept_case(case=case, by=omar())


def test_many_are_accepted_at_once() -> None:
    cases = [a_case(1), a_case(2)]
    assert accept_cases(cases=cases, by=ines()) == 2


def test_a_discard_needs_a_reason_and_is_final() -> None:
    case = a_case()
    with pytest.raises(CurationError, match="why"):
        discard_case(case=case, by=ines(), note=" ")
    assert discard_case(case=case, by=ines(), note="A slip of the mouse.")
    assert AuditEvent.objects.get(action="discard").reason == "A slip of the mouse."
    with pytest.raises(CurationError, match="discarded"):
        accept_case(case=case, by=ines())
    with pytest.raises(CurationError, match="already"):
        discard_case(case=case, by=ines(), note="again")


def test_a_label_is_held_against_schema_and_policy() -> None:
    case = a_case()
    with pytest.raises(InvalidLabelError) as refused:
        edit_label(case=case, label={"decision": "reject"}, by=ines())
    assert refused.value.problems[0].code == "required"
    label = {"decision": "reject", "policy_codes": ["P-101"], "needs_human": False}
    edit_label(case=case, label=label, by=ines(), note="It is a gun.")
    case.refresh_from_db()
    assert case.expected == label
    noted = AuditEvent.objects.get(action="edit_label")
    assert noted.data == {"changed": ["decision", "policy_codes"]}


def test_a_discarded_case_keeps_its_label() -> None:
    case = a_case()
    discard_case(case=case, by=ines(), note="no")
    with pytest.raises(CurationError, match="keeps"):
        edit_label(case=case, label={"decision": "approve"}, by=ines())


def test_an_example_for_prompts_needs_another_person() -> None:
    case = a_case()
    with pytest.raises(CurationError, match="Only an accepted"):
        second_approve(case=case, by=omar())
    accept_case(case=case, by=ines())
    with pytest.raises(CurationError, match="second approval"):
        set_split(case=case, split="fewshot", by=ines())
    with pytest.raises(CurationError, match="Another person"):
        second_approve(case=case, by=ines())
    second_approve(case=case, by=omar())
    assert set_split(case=case, split="fewshot", by=ines()).split == "fewshot"


def test_another_label_voids_the_second_approval() -> None:
    case = a_case()
    accept_case(case=case, by=ines())
    second_approve(case=case, by=omar())
    set_split(case=case, split="fewshot", by=ines())
    mended = edit_label(case=case, label={"decision": "approve"}, by=ines())
    assert mended.second_approved_at is None
    assert mended.split == ""


def test_other_splits_need_one_person() -> None:
    case = a_case()
    accept_case(case=case, by=ines())
    assert set_split(case=case, split="test", by=ines()).split == "test"
    with pytest.raises(CurationError, match="no split"):
        set_split(case=case, split="golden?", by=ines())
