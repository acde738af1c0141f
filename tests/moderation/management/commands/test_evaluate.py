"""evaluate: the figures under their agreed names, and the gate's exit status."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from moderation.management.commands import evaluate
from moderation.models import EvalDataset, EvalResult, EvalRun, Submission
from tests.builders import (
    ScriptedClient,
    a_clause,
    a_listing,
    a_verdict,
    forget_caches,
    serving,
)

pytestmark = pytest.mark.django_db
# Others read these: product.md fixes them. Keys may be added, none renamed.
KEYS = {
    *("dataset", "dataset_sha256", "pipeline", "cases", "refused", "auto_approved"),
    *("auto_approved_wrong", "false_approval_rate", "false_approval_upper95"),
    *("approvable", "approvable_auto_approved", "needs_human_auto_approved"),
    *("decision_accuracy", "clause_recall", "field_exact", "ece", "cost_microusd"),
    *("seconds", "gate"),
}
IMAGES = ["https://img.example.com/1.jpg"]
LINE_KEYS = {
    *("id", "route", "reasons", "verdict", "clauses", "calibrated_confidence"),
    "standardised",
}


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a model answer that finds a gun in every pistol."""
    forget_caches()
    client = ScriptedClient(
        lambda listing: (
            a_verdict(clauses=[a_clause(quote="pistol")])
            if "pistol" in listing["title"]
            else a_verdict()
        )
    )
    real = evaluate.work_run
    monkeypatch.setattr(
        evaluate, "work_run", lambda *a, **k: real(*a, client_factory=client, **k)
    )


def dataset(path: Path, *rows: tuple[str, str, list[str]]) -> str:
    """Write a labelled file of title, decision and codes; return its path."""
    lines = [
        json.dumps(
            {
                "id": f"c{n}",
                "listing": a_listing(title=title, image_urls=IMAGES),
                "expected": {"decision": decision, "policy_codes": codes},
            }
        )
        for n, (title, decision, codes) in enumerate(rows)
    ]
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture
def good(tmp_path: Path) -> str:
    rows = [("Blue mug of clay", "approve", []), ("A pistol", "reject", ["P-101"])]
    return dataset(tmp_path / "good.jsonl", *rows)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    rows = [("Blue mug of clay", "approve", []), ("A rifle", "reject", ["P-101"])]
    return dataset(tmp_path / "bad.jsonl", *rows)


def run(*arguments: str) -> dict[str, Any]:
    """Run the command and return its JSON."""
    out = StringIO()
    call_command("evaluate", *arguments, "--json", stdout=out, stderr=StringIO())
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def test_the_figures_come_under_their_agreed_names(good: str) -> None:
    told = run("--dataset", good)
    assert set(told) >= KEYS
    assert (told["dataset"], told["cases"], told["auto_approved"]) == ("good", 2, 1)
    assert told["auto_approved_wrong"] == 0
    assert told["decision_accuracy"] == told["clause_recall"] == 1
    assert set(told["gate"]) == {"passed", "reasons"}
    assert len(told["dataset_sha256"]) == 64
    assert not Submission.objects.exists()


def test_each_case_can_be_had_as_a_line(good: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run("--dataset", good, "--out", str(out))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["id"] for line in lines] == ["c0", "c1"]
    assert [line["route"] for line in lines] == ["auto_approve", "review"]
    assert all(set(line) >= LINE_KEYS for line in lines)
    assert lines[1]["clauses"] == ["P-101"]


def test_a_passing_gate_is_status_nought(good: str) -> None:
    assert run("--dataset", good, "--gate")["gate"] == {"passed": True, "reasons": []}


def test_a_failing_gate_is_status_one_with_its_reasons(bad: str) -> None:
    out, errors = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(
            *("evaluate", "--dataset", bad, "--gate", "--json"),
            stdout=out,
            stderr=errors,
        )
    assert ended.value.code == 1
    told = json.loads(out.getvalue().splitlines()[-1])
    assert told["gate"]["passed"] is False
    assert told["gate"]["reasons"][0] in errors.getvalue()


def test_without_gate_a_failure_is_only_told(bad: str) -> None:
    assert run("--dataset", bad)["gate"]["passed"] is False


def test_two_versions_are_compared(good: str) -> None:
    name = serving().name
    told = run("--dataset", good, "--pipeline", name, "--against", name)
    assert told["pipeline"] == name
    assert told["against"]["auto_approved"] == told["auto_approved"]


def test_a_person_reads_sentences(good: str) -> None:
    out = StringIO()
    call_command("evaluate", "--dataset", good, stdout=out)
    assert "on 2 cases of good" in out.getvalue()
    assert "Gate passed." in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dataset", "nowhere.jsonl"], "There is no dataset nowhere"),
        (["--dataset", "GOOD", "--pipeline", "v99"], "no pipeline version v99"),
        (["--dataset", "GOOD", "--out", "no/such/place.jsonl"], "cannot be written"),
    ],
)
def test_what_is_not_there_is_a_sentence(
    arguments: list[str], words: str, good: str
) -> None:
    named = [good if argument == "GOOD" else argument for argument in arguments]
    with pytest.raises(CommandError, match=words):
        run(*named)


def test_a_bad_line_of_a_dataset_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text("{}\n")
    with pytest.raises(CommandError, match=r"broken.jsonl, line 1"):
        run("--dataset", str(path))


def test_every_run_is_stored_and_the_baselines_is_used_again(good: str) -> None:
    name = serving().name
    told = run("--dataset", good, "--pipeline", name)
    again = run("--dataset", good, "--pipeline", name, "--against", name)
    assert again["against_run"] == told["run"] != again["run"]
    assert again["paired"] == {"broken": 0, "mended": 0, "both_wrong": 0, "p": 1.0}
    assert EvalRun.objects.count() == 2
    assert EvalRun.objects.get(public_id=told["run"]).gate_passed


def test_an_unfinished_run_goes_on(good: str) -> None:
    told = run("--dataset", good)
    whole = EvalRun.objects.get(public_id=told["run"])
    EvalRun.objects.filter(pk=whole.pk).update(
        state="running", finished_at=None, finalized_at=None, gate_passed=None
    )
    EvalResult.objects.filter(run=whole, case__position=1).delete()
    errors = StringIO()
    call_command(
        "evaluate", "--dataset", good, "--json", stdout=StringIO(), stderr=errors
    )
    assert f"Going on with {told['run']}: 1 of 2 cases are done." in errors.getvalue()
    assert EvalRun.objects.get().state == "completed"
    assert EvalResult.objects.count() == 2


def test_it_starts_over_when_asked(good: str) -> None:
    told = run("--dataset", good)
    EvalRun.objects.update(
        state="running", finished_at=None, finalized_at=None, gate_passed=None
    )
    assert run("--dataset", good, "--no-resume")["run"] != told["run"]


def test_a_frozen_dataset_is_run_by_its_name(good: str) -> None:
    run("--dataset", good)
    told = run("--dataset", "good@1")
    assert told["dataset"] == "good"
    assert told["dataset_sha256"] == EvalDataset.objects.get().sha256
