"""Frozen is frozen: copied, hashed, versioned, and noticed when it is not."""

import hashlib
import json
from pathlib import Path

import pytest

from moderation.access.actor import Actor
from moderation.content import sha256_of
from moderation.evals.cases import read_dataset
from moderation.evals.curation import accept_case, edit_label
from moderation.evals.datasets import (
    DatasetChangedError,
    DatasetRefusedError,
    cases_of,
    find_dataset,
    freeze_dataset,
    store_dataset_file,
    verify_dataset,
)
from moderation.models import EvalCase, EvalDataset, EvalDatasetCase
from moderation.retrieval.policies import install_shipped_policy
from moderation.states import CaseState
from tests.builders import a_listing, a_person, forget_caches

pytestmark = pytest.mark.django_db
SHIPPED = Path("moderation/evals/shipped.jsonl")
BY = Actor("person:ines")


def a_case(number: int, provenance: str = "decision", **more: object) -> EvalCase:
    """Return a proposed case."""
    values = {
        "reference": f"DEC-{number}",
        "listing": a_listing(title=f"Mug {number}"),
        "expected": {"decision": "approve", "policy_codes": []},
        "provenance": provenance,
        **more,
    }
    return EvalCase.objects.create(**values)


def frozen(**options: object) -> EvalDataset:
    """Freeze all that is proposed."""
    values = {"name": "core", "source": "all", "by": BY, "accept_proposed": True}
    return freeze_dataset(**{**values, **options})  # type: ignore[arg-type]


def test_a_freeze_takes_the_accepted_cases_of_its_source() -> None:
    accept_case(case=a_case(1), by=a_person("ines", "admin"))
    a_case(2)
    accept_case(case=a_case(3, "correction"), by=a_person("ines", "admin"))
    found = frozen(source="decisions", accept_proposed=False)
    assert [case.listing["title"] for _, case in cases_of(found)] == ["Mug 1"]
    assert (found.name, found.version, found.frozen_by) == ("core", 1, "person:ines")


def test_what_is_proposed_is_accepted_when_asked() -> None:
    a_case(1)
    assert frozen().cases.count() == 1
    assert EvalCase.objects.get().state == CaseState.ACCEPTED
    assert EvalCase.objects.get().curated_at


def test_nothing_is_no_dataset_and_says_what_waits() -> None:
    a_case(1)
    with pytest.raises(DatasetRefusedError, match="1 are proposed"):
        frozen(accept_proposed=False)
    assert not EvalDataset.objects.exists()


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 61])
def test_a_bad_name_is_refused(name: str) -> None:
    a_case(1)
    with pytest.raises(DatasetRefusedError, match="name"):
        frozen(name=name)


def test_each_freeze_is_the_next_version_and_the_old_one_stays() -> None:
    forget_caches()
    install_shipped_policy()
    case = a_case(1)
    first = frozen()
    label = {"decision": "reject", "policy_codes": ["P-101"]}
    edit_label(case=case, label=label, by=BY)
    second = frozen()
    assert (first.version, second.version) == (1, 2)
    assert first.sha256 != second.sha256
    verify_dataset(first)
    ((_, kept),) = cases_of(first)
    assert kept.expected.decision == "approve"


def test_the_hash_is_over_canonical_json_and_anybody_can_work_it_out() -> None:
    case = a_case(1)
    found = frozen()
    entry = {
        "expected": case.expected,
        "listing": case.listing,
        "reference": case.reference,
    }
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    one = hashlib.sha256(text.encode()).hexdigest()
    assert found.evaldatasetcase_set.get().sha256 == one
    assert found.sha256 == sha256_of([one])


def test_a_change_behind_our_back_is_noticed() -> None:
    a_case(1)
    a_case(2)
    found = frozen()
    entry = EvalDatasetCase.objects.order_by("position").last()
    assert entry is not None
    EvalDatasetCase.objects.filter(pk=entry.pk).update(expected={"decision": "reject"})
    with pytest.raises(DatasetChangedError, match="DEC-2"):
        verify_dataset(found)
    entry.delete()
    with pytest.raises(DatasetChangedError, match="lost or gained"):
        verify_dataset(found)


def test_a_dataset_is_found_by_name_and_by_version() -> None:
    a_case(1)
    first, second = frozen(), frozen()
    assert find_dataset("core") == second
    assert find_dataset("core@1") == first
    for text in ("core@9", "core@x", "other"):
        with pytest.raises(DatasetRefusedError, match="no dataset"):
            find_dataset(text)


def test_a_file_is_stored_once_in_its_own_order() -> None:
    read = read_dataset(SHIPPED)
    first = store_dataset_file(read, by=BY)
    again = store_dataset_file(read, by=BY)
    assert first == again
    assert EvalDataset.objects.count() == 1
    found = [case for _, case in cases_of(first)]
    assert [c.expected for c in found] == [c.expected for c in read.cases]
    assert [c.difficulty for c in found] == [c.difficulty for c in read.cases]
    verify_dataset(first)


def test_a_file_with_another_label_is_the_next_version(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    row = {"id": "a", "listing": a_listing(), "expected": {"decision": "approve"}}
    path.write_text(json.dumps(row))
    first = store_dataset_file(read_dataset(path), by=BY)
    path.write_text(json.dumps(row, indent=None, separators=(",", ":")) + "\n")
    assert store_dataset_file(read_dataset(path), by=BY) == first
    row["expected"] = {"decision": "reject", "policy_codes": ["P-101"]}
    path.write_text(json.dumps(row))
    second = store_dataset_file(read_dataset(path), by=BY)
    assert (second.name, second.version) == ("mine", 2)


def test_a_file_is_no_source_of_a_freeze() -> None:
    store_dataset_file(read_dataset(SHIPPED), by=BY)
    with pytest.raises(DatasetRefusedError, match="no accepted"):
        frozen()
