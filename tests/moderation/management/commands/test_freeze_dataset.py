"""freeze_dataset and export_dataset: from accepted cases to a file of another tool."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from moderation.models import EvalCase, EvalDatasetCase
from tests.builders import a_listing

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> dict[str, Any]:
    """Run a command and return its JSON."""
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


@pytest.fixture(autouse=True)
def _case() -> None:
    EvalCase.objects.create(
        reference="DEC-1",
        listing=a_listing(),
        expected={"decision": "approve", "policy_codes": []},
        provenance="correction",
    )


def test_proposed_cases_are_frozen_only_when_accepted() -> None:
    with pytest.raises(CommandError, match="accept them first"):
        run("freeze_dataset", "core")
    told = run("freeze_dataset", "core", "--from", "corrections", "--accept-proposed")
    assert (told["dataset"], told["version"], told["cases"]) == ("core", 1, 1)
    assert run("freeze_dataset", "core")["version"] == 2


@pytest.mark.parametrize("form", ["jsonl", "promptfoo", "inspect"])
def test_a_dataset_goes_out_in_each_form(form: str, tmp_path: Path) -> None:
    run("freeze_dataset", "core", "--accept-proposed")
    out = tmp_path / "out.jsonl"
    told = run("export_dataset", "core@1", "--format", form, "--out", str(out))
    assert told["cases"] == len(out.read_text().splitlines()) == 1


def test_what_is_not_there_or_was_changed_is_a_sentence(tmp_path: Path) -> None:
    out = str(tmp_path / "out.jsonl")
    with pytest.raises(CommandError, match="no dataset other"):
        run("export_dataset", "other", "--out", out)
    run("freeze_dataset", "core", "--accept-proposed")
    with pytest.raises(CommandError, match="cannot be written"):
        run("export_dataset", "core", "--out", str(tmp_path))
    EvalDatasetCase.objects.update(expected={"decision": "reject"})
    with pytest.raises(CommandError, match="has changed"):
        run("export_dataset", "core", "--out", out)
