"""Labelled cases through a pipeline version, stored and scored; --gate is a verdict."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from moderation.access.actor import Actor
from moderation.evals.cases import DatasetError, read_dataset
from moderation.evals.datasets import (
    DatasetRefusedError,
    cases_of,
    find_dataset,
    store_dataset_file,
)
from moderation.evals.results import results_of
from moderation.evals.runs import (
    BY_COMMAND,
    RunHeldError,
    RunLostError,
    completed_run,
    plan_run,
    take_run,
    unfinished_run,
    work_run,
)
from moderation.evals.scoring import Result
from moderation.management.output import VerbCommand, progress
from moderation.models import EvalDataset, EvalResult, EvalRun, PipelineVersion
from moderation.states import RunState
from moderation.versions import baseline, ensure_versions

SHIPPED = Path(__file__).resolve().parents[2] / "evals" / "shipped.jsonl"
BY = Actor.command("evaluate")
# So often a run that another process holds is looked at again.
LOOK_S = 1.0


class Command(VerbCommand):
    """Run an eval."""

    help = (
        "Run labelled cases through a pipeline version, store and score the run. A "
        "dataset is a frozen one by NAME or NAME@VERSION, 'shipped', or a labelled "
        "JSONL file. An interrupted run goes on where it stopped. With --gate, exits "
        "1 when the gate fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the dataset, the versions and what to do with the figures."""
        super().add_arguments(parser)
        parser.add_argument(
            "--dataset", required=True, help="a dataset's name, 'shipped' or a file"
        )
        parser.add_argument("--pipeline", help="version to run; the serving one else")
        parser.add_argument("--against", help="version to compare with")
        parser.add_argument("--gate", action="store_true", help="exit 1 on failure")
        parser.add_argument("--out", type=Path, help="one JSON line a case")
        parser.add_argument(
            "--no-resume",
            action="store_false",
            dest="resume",
            help="start over although an unfinished run could go on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, score, judge and answer."""
        started = time.monotonic()
        if options["out"]:
            _check_writable(options["out"])
        ensure_versions()
        asked = _asked(options["dataset"])
        pipeline = _version(options["pipeline"])
        against = None
        if options["against"]:
            against = self._baseline(asked, _version(options["against"]), options)
        run = self._run(asked, pipeline, against, options)
        data = _answer(asked, run, against)
        data["seconds"] = round(time.monotonic() - started, 2)
        if options["out"]:
            _write(options["out"], asked, run)
        self.answer(data, _sentences(data), as_json=options["as_json"])
        if options["gate"] and not run.gate_passed:
            for reason in run.gate_reasons:
                self.stderr.write(reason)
            sys.exit(1)

    def _baseline(
        self, asked: "_Asked", version: PipelineVersion, options: Mapping[str, Any]
    ) -> EvalRun:
        """Return the newest completed run of the baseline, made when there is none."""
        known = completed_run(asked.dataset, version)
        if known is not None:
            self.stderr.write(f"Comparing with {known.public_id} of {version.name}.")
            return known
        return self._run(asked, version, None, options)

    def _run(
        self,
        asked: "_Asked",
        version: PipelineVersion,
        against: EvalRun | None,
        options: Mapping[str, Any],
    ) -> EvalRun:
        """Go on with an unfinished run of the same plan, or make a new one."""
        known = None
        if options["resume"]:
            known = unfinished_run(asked.dataset, version, against)
        if known is not None:
            run, token = known, self._take(known)
            done = EvalResult.objects.filter(run=run).count()
            self.stderr.write(
                f"Going on with {run.public_id}: {done} of {run.planned_cases} cases "
                "are done."
            )
        else:
            done = 0
            with transaction.atomic():
                run = plan_run(
                    dataset=asked.dataset,
                    pipeline=version,
                    against=against,
                    by=BY,
                    worked_by=BY_COMMAND,
                )
                token = take_run(run, by=BY)
        with progress(run.planned_cases, version.name, unit=" cases") as bar:
            bar.update(done)
            spent = 0

            def on_done(group: Sequence[Result]) -> None:
                nonlocal spent
                spent += sum(result.cost_microusd for result in group)
                bar.set_postfix_str(f"{spent / 1e6:.4f} USD", refresh=False)
                bar.update(len(group))

            try:
                run = work_run(run, by=BY, on_done=on_done, token=token)
            except RunLostError as error:
                raise CommandError(f"{error} Run the command again.") from error
        if run.state == RunState.FAILED:
            raise CommandError(f"{run.public_id} failed: {run.failure}")
        if run.state != RunState.COMPLETED:
            raise CommandError(f"{run.public_id} was interrupted; run it again.")
        return run

    def _take(self, run: EvalRun) -> Any:
        """Lease an unfinished run; wait for the lease of a process that is gone."""
        seen = run.lease_until
        while True:
            try:
                return take_run(run, by=BY)
            except RunHeldError as held:
                if held.run.lease_until != seen:
                    raise CommandError(
                        f"{held} Wait for it, or start over with --no-resume."
                    ) from held
                self.stderr.write(f"Waiting for the lease of {run.public_id} to end.")
                time.sleep(LOOK_S)


class _Asked:
    """The dataset that was asked for: stored, and as it was named."""

    def __init__(
        self, dataset: EvalDataset, name: str, sha256: str, ids: Sequence[str] = ()
    ) -> None:
        self.dataset, self.name, self.sha256, self.ids = dataset, name, sha256, ids


def _asked(text: str) -> _Asked:
    """Return a file's dataset, stored, or a frozen one by its name."""
    path = SHIPPED if text == "shipped" else Path(text)
    if path.is_file():
        try:
            read = read_dataset(path)
        except DatasetError as error:
            raise CommandError(str(error)) from error
        ids = [case.id for case in read.cases]
        stored = store_dataset_file(read, by=BY)
        return _Asked(stored, read.name, read.sha256, ids)
    try:
        dataset = find_dataset(text)
    except DatasetRefusedError as error:
        raise CommandError(
            f"There is no dataset {text}: name a frozen one, a labelled JSONL file, "
            "or 'shipped'."
        ) from error
    return _Asked(dataset, dataset.name, dataset.sha256)


def _version(name: str | None) -> PipelineVersion:
    if not name:
        return baseline()
    row = PipelineVersion.objects.filter(name=name).first()
    if row is None:
        raise CommandError(f"There is no pipeline version {name}.")
    return row


def _answer(asked: _Asked, run: EvalRun, against: EvalRun | None) -> dict[str, Any]:
    version = run.pipeline
    summary = run.summary
    return {
        "dataset": asked.name,
        "dataset_sha256": asked.sha256,
        "dataset_version": asked.dataset.version,
        "run": run.public_id,
        "pipeline": version.name,
        "threshold": version.threshold,
        "threshold_status": version.threshold_status,
        **summary["figures"],
        "against": against.summary["figures"] if against else None,
        "against_run": against.public_id if against else None,
        "paired": _paired(summary),
        "tables": summary["tables"],
        "gate": {"passed": run.gate_passed, "reasons": run.gate_reasons},
    }


def _paired(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    paired = summary.get("paired")
    if paired is None:
        return None
    counts = {name: len(paired[name]) for name in ("broken", "mended", "both_wrong")}
    return {**counts, "p": paired["p_value"]}


def _check_writable(path: Path) -> None:
    """Fail before the first paid call, not after the last."""
    try:
        path.open("a", encoding="utf-8").close()
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def _write(path: Path, asked: _Asked, run: EvalRun) -> None:
    results = results_of(run)
    keys = [str(key) for key, _ in cases_of(asked.dataset)]
    ids = asked.ids or keys
    try:
        with path.open("w", encoding="utf-8") as stream:
            for key, id_ in zip(keys, ids, strict=True):
                line = {**results[key].as_dict(), "id": id_}
                stream.write(json.dumps(line, ensure_ascii=True) + "\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def _sentences(data: Mapping[str, Any]) -> str:
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
    ]
    if data["paired"]:
        paired = data["paired"]
        lines.append(
            f"  against {data['against_run']}: {paired['mended']} better, "
            f"{paired['broken']} worse, {paired['both_wrong']} wrong in both "
            f"(by chance alone: p = {paired['p']:.3f})"
        )
    return "\n".join(
        [
            *lines,
            (
                f"  {data['seconds']} s, {data['cost_microusd'] / 1e6:.4f} USD, "
                f"run {data['run']}"
            ),
            "Gate passed." if data["gate"]["passed"] else "Gate failed:",
            *(f"  {reason}" for reason in data["gate"]["reasons"]),
        ]
    )
