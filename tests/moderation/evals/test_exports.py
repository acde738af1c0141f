"""A dataset as other tools load it: one JSON object a line, nothing to expand."""

import json
from pathlib import Path
from typing import Any

import pytest

from moderation.access.actor import Actor
from moderation.evals.cases import read_dataset
from moderation.evals.datasets import store_dataset_file
from moderation.evals.exports import FORMS, lines_of

pytestmark = pytest.mark.django_db
SHIPPED = Path("moderation/evals/shipped.jsonl")


def exported(form: str) -> list[dict[str, Any]]:
    """Return the shipped set in a form, parsed."""
    dataset = store_dataset_file(read_dataset(SHIPPED), by=Actor("command:t"))
    return [json.loads(line) for line in lines_of(dataset, form)]


def test_our_own_form_reads_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "again.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in exported("jsonl")))
    before, after = read_dataset(SHIPPED), read_dataset(path)
    assert [c.expected for c in after.cases] == [c.expected for c in before.cases]
    assert [c.listing for c in after.cases] == [c.listing for c in before.cases]


def test_promptfoo_gets_tests_with_vars_and_asserts() -> None:
    rows = exported("promptfoo")
    for row in rows:
        assert set(row) == {"description", "vars", "assert", "metadata"}
        # A list among the vars would become several tests.
        assert all(isinstance(value, str) for value in row["vars"].values())
        assert json.loads(row["vars"]["listing"])["title"]
        assert {check["type"] for check in row["assert"]} <= {
            *("is-json", "javascript", "contains"),
        }
    rejected = next(r for r in rows if '"reject"' in r["assert"][1]["value"])
    assert any(check["type"] == "contains" for check in rejected["assert"])


def test_inspect_gets_samples() -> None:
    for row in exported("inspect"):
        assert set(row) == {"id", "input", "target", "metadata"}
        assert isinstance(row["input"], str)
        assert row["target"] == row["metadata"]["expected"]["decision"]


def test_there_are_the_three_forms() -> None:
    assert set(FORMS) == {"jsonl", "promptfoo", "inspect"}
