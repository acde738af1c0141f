"""Labelled JSONL: read as it stands, refused by line."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from moderation.evals.cases import DatasetError, parse_case, read_dataset

ROW: dict[str, Any] = {
    "id": "c1",
    "listing": {"external_id": "MUG-1", "title": "Mug"},
    "expected": {
        "decision": "approve_with_fixes",
        "policy_codes": ["P-701", "Q-05"],
        "needs_human": False,
        "fields": {"title": "Mug"},
        "must_not_contain": ["+40"],
        "condition_in": ["new", "open_box"],
    },
    "origin": "made",
    "difficulty": "easy",
    "tags": ["phone"],
}


def test_a_case_is_read_whole() -> None:
    case = parse_case(json.dumps(ROW), "line 1")
    assert (case.id, case.origin, case.difficulty, case.tags) == (
        "c1",
        "made",
        "easy",
        ("phone",),
    )
    expected = case.expected
    assert expected.policy_codes == {"P-701", "Q-05"}
    assert expected.must_not_contain == ("+40",)
    assert expected.condition_in == ("new", "open_box")
    assert expected.is_approvable


@pytest.mark.parametrize(
    ("decision", "needs_human", "approvable"),
    [
        ("approve", False, True),
        ("approve_with_fixes", False, True),
        ("approve", True, False),
        ("reject", False, False),
    ],
)
def test_what_a_machine_may_approve(
    decision: str, needs_human: bool, approvable: bool
) -> None:
    label = {"decision": decision, "needs_human": needs_human}
    case = parse_case(json.dumps({**ROW, "expected": label}), "line 1")
    assert case.expected.is_approvable is approvable


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[1]", "an object with a listing"),
        (json.dumps({"listing": "mug"}), "an object with a listing"),
        (json.dumps({"listing": {}}), "expected.decision"),
        (json.dumps({"listing": {}, "expected": {"decision": "ok"}}), "approve, "),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(line: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words) as refused:
        parse_case(line, "cases.jsonl, line 7")
    assert "cases.jsonl, line 7" in str(refused.value)


def test_a_case_without_an_id_is_called_by_its_listing_or_its_line() -> None:
    row = {"listing": {"external_id": "MUG-1"}, "expected": {"decision": "approve"}}
    assert parse_case(json.dumps(row), "line 7").id == "MUG-1"
    row["listing"] = {}
    assert parse_case(json.dumps(row), "line 7").id == "line 7"


def test_a_dataset_is_its_cases_and_the_hash_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "mugs.jsonl"
    text = f"{json.dumps(ROW)}\n\n{json.dumps({**ROW, 'id': 'c2'})}\n"
    path.write_text(text)
    dataset = read_dataset(path)
    assert (dataset.name, [case.id for case in dataset.cases]) == ("mugs", ["c1", "c2"])
    assert dataset.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{json.dumps(ROW)}\n{json.dumps(ROW)}\n", "line 2: c1 stands twice"),
        ("\n\n", "no cases"),
        (f"{json.dumps(ROW)}\nnope\n", "line 2: not JSON"),
    ],
)
def test_a_bad_file_is_refused_whole(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mugs.jsonl"
    path.write_text(text)
    with pytest.raises(DatasetError, match=words):
        read_dataset(path)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_dataset(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    "expected",
    [
        {"policy_codes": 5},
        {"policy_codes": "P-101"},
        {"policy_codes": [{}]},
        {"must_not_contain": "abc"},
        {"condition_in": 5},
        {"fields": [1]},
    ],
)
def test_a_label_of_the_wrong_shape_is_named_with_its_line(
    expected: dict[str, Any],
) -> None:
    row = {"listing": {}, "expected": {"decision": "reject", **expected}}
    with pytest.raises(DatasetError, match="line 7"):
        parse_case(json.dumps(row), "line 7")


def test_characters_that_no_database_holds_go_and_the_row_stays() -> None:
    row = {"listing": {"title": "a\x00b\ud800"}, "expected": {"decision": "approve"}}
    assert parse_case(json.dumps(row), "x").listing == {"title": "ab"}
    with pytest.raises(DatasetError, match="NaN"):
        parse_case('{"listing": {"price": NaN}, "expected": {}}', "x")
