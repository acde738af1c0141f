"""Labelled cases through a pipeline version, scored; with --gate, a verdict."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation.evals.cases import Dataset, DatasetError, read_dataset
from moderation.evals.gate import Bars, judge_gate
from moderation.evals.runner import run_cases
from moderation.evals.scoring import Result, summarise
from moderation.management.output import VerbCommand, progress
from moderation.models import PipelineVersion
from moderation.versions import Served, baseline, ensure_versions, served

SHIPPED = Path(__file__).resolve().parents[2] / "evals" / "shipped.jsonl"


class Command(VerbCommand):
    """Run an eval."""

    help = (
        "Run labelled cases through a pipeline version and score it. A dataset is "
        "'shipped' or a labelled JSONL file. With --gate, exits 1 when it fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the dataset, the versions and what to do with the figures."""
        super().add_arguments(parser)
        parser.add_argument("--dataset", required=True, help="'shipped' or a file")
        parser.add_argument("--pipeline", help="version to run; the serving one else")
        parser.add_argument("--against", help="version to compare with")
        parser.add_argument("--gate", action="store_true", help="exit 1 on failure")
        parser.add_argument("--out", type=Path, help="one JSON line a case")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, score, judge and answer."""
        ensure_versions()
        dataset = _dataset(options["dataset"])
        version = _version(options["pipeline"])
        started = time.monotonic()
        results = self._run(dataset, version)
        figures = summarise(dataset.cases, results)
        against = None
        if options["against"]:
            other = _version(options["against"])
            against = summarise(dataset.cases, self._run(dataset, other))
        gate = judge_gate(figures, Bars(), against)
        data = {
            "dataset": dataset.name,
            "dataset_sha256": dataset.sha256,
            "pipeline": version.name,
            "threshold": version.threshold,
            "threshold_status": "certified" if version.is_certified else "provisional",
            **figures,
            "against": against,
            "seconds": round(time.monotonic() - started, 2),
            "gate": gate.as_dict(),
        }
        if options["out"]:
            _write(options["out"], dataset, results)
        self.answer(data, _sentences(data), as_json=options["as_json"])
        if options["gate"] and not gate.passed:
            for reason in gate.reasons:
                self.stderr.write(reason)
            sys.exit(1)

    def _run(self, dataset: Dataset, version: Served) -> dict[str, Result]:
        with progress(len(dataset.cases), version.name, unit=" cases") as bar:
            return run_cases(dataset.cases, version, on_done=lambda n: _advance(bar, n))


def _advance(bar: Any, cases: int) -> None:
    bar.update(cases)


def _dataset(name: str) -> Dataset:
    path = SHIPPED if name == "shipped" else Path(name)
    if not path.is_file():
        raise CommandError(
            f"There is no dataset {name}: name a labelled JSONL file, or 'shipped'."
        )
    try:
        return read_dataset(path)
    except DatasetError as error:
        raise CommandError(str(error)) from error


def _version(name: str | None) -> Served:
    if not name:
        return served(baseline().pk)
    row = PipelineVersion.objects.filter(name=name).first()
    if row is None:
        raise CommandError(f"There is no pipeline version {name}.")
    return served(row.pk)


def _write(path: Path, dataset: Dataset, results: dict[str, Result]) -> None:
    try:
        with path.open("w", encoding="utf-8") as stream:
            for case in dataset.cases:
                line = json.dumps(results[case.id].as_dict(), ensure_ascii=True)
                stream.write(line + "\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def _sentences(data: dict[str, Any]) -> str:
    exact = data["field_exact"]
    lines = [
        (
            f"{data['pipeline']} ({data['threshold_status']} threshold "
            f"{data['threshold']}) on {data['cases']} cases of {data['dataset']}:"
        ),
        (
            f"  auto-approved {data['auto_approved']}, wrong "
            f"{data['auto_approved_wrong']} (at most "
            f"{data['false_approval_upper95']:.1%} with 95% confidence)"
        ),
        (
            f"  approvable {data['approvable']}, of these auto-approved "
            f"{data['approvable_auto_approved']}"
        ),
        (
            f"  to be kept back {data['bad']}, of these auto-approved "
            f"{data['bad_auto_approved']}; needing a person "
            f"{data['needs_human_auto_approved']}"
        ),
        (
            f"  at 5% bad traffic {data['weighted_wrong']['5%']:.2%} of what goes live "
            "is wrong"
        ),
        (
            f"  decisions right {data['decision_accuracy']:.1%}, clauses found "
            f"{data['clause_recall']:.1%}, fields exact {exact.get('all', 0):.1%}, "
            f"quality codes {exact.get('quality_codes', 0):.1%}"
        ),
        f"  {data['seconds']} s, {data['cost_microusd'] / 1e6:.4f} USD",
        "Gate passed." if data["gate"]["passed"] else "Gate failed:",
        *(f"  {reason}" for reason in data["gate"]["reasons"]),
    ]
    return "\n".join(lines)
