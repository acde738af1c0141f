"""Stored runs: planned once, resumed by whoever holds the lease, scored at the end."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.evals.datasets import DatasetRefusedError, freeze_dataset
from moderation.evals.results import results_of
from moderation.evals.runner import Pace
from moderation.evals.runs import (
    BY_COMMAND,
    CONCURRENCY,
    YIELDING,
    RunHeldError,
    RunLostError,
    _room,
    completed_run,
    plan_run,
    take_run,
    unfinished_run,
    work_planned,
    work_run,
)
from moderation.evals.scoring import Result
from moderation.models import (
    EvalCase,
    EvalDataset,
    EvalDatasetCase,
    EvalResult,
    EvalRun,
    PipelineVersion,
    Submission,
)
from moderation.states import DatasetState, RunState
from tests.builders import (
    ScriptedClient,
    a_clause,
    a_listing,
    a_submission,
    a_verdict,
    a_version,
    always,
)

pytestmark = pytest.mark.django_db
BY = Actor("person:ines")
IMAGES = ["https://img.example.com/1.jpg"]


def frozen(cases: int = 6, name: str = "core") -> EvalDataset:
    """Return a frozen dataset of mugs, every second one a gun to be rejected."""
    EvalCase.objects.all().filter(datasets__isnull=True).delete()
    for number in range(cases):
        is_gun = number % 2 == 1
        label: dict[str, Any] = {"decision": "reject", "policy_codes": ["P-101"]}
        EvalCase.objects.create(
            reference=f"{name}-{number}",
            listing=a_listing(
                title=f"{'Pistol' if is_gun else 'Mug'} {number}", image_urls=IMAGES
            ),
            expected=label if is_gun else {"decision": "approve", "policy_codes": []},
            provenance="decision",
            language="en",
        )
    return freeze_dataset(name=name, source="all", accept_proposed=True, by=BY)


def sharp(listing: dict[str, Any]) -> Any:
    """Find every pistol."""
    if "Pistol" in listing["title"]:
        return a_verdict(clauses=[a_clause(quote="Pistol")])
    return a_verdict()


def slow(listing: dict[str, Any]) -> Any:
    """Find every pistol, but take some time over it."""
    time.sleep(0.03)
    return sharp(listing)


def planned(dataset: EvalDataset | None = None, **options: Any) -> EvalRun:
    """Return a planned run."""
    pipeline = options.pop("pipeline", None) or a_version()
    values = {"against": None, "by": BY, **options}
    return plan_run(dataset=dataset or frozen(), pipeline=pipeline, **values)


def test_a_run_ends_with_a_result_a_case_and_its_verdict() -> None:
    run = work_run(planned(), client_factory=ScriptedClient(sharp))
    assert run.state == RunState.COMPLETED
    assert run.finalized_at
    assert run.lease_token is None
    assert EvalResult.objects.filter(run=run).count() == 6
    figures = run.summary["figures"]
    assert (figures["auto_approved"], figures["auto_approved_wrong"]) == (3, 0)
    assert run.gate_passed
    assert {row["name"] for row in run.summary["tables"]["classes"]} == {
        "approve",
        "reject",
    }


def test_the_gate_says_in_words_what_is_wrong() -> None:
    run = work_run(planned(), client_factory=always(a_verdict()))
    assert run.gate_passed is False
    assert "3 of 3 listings that should not go live" in run.gate_reasons[0]


def test_what_the_model_said_is_kept_with_the_result() -> None:
    run = work_run(planned(), client_factory=ScriptedClient(sharp))
    row = EvalResult.objects.get(run=run, case__position=1)
    assert row.scores["said"][0]["explanation"] == "It is on the list."
    assert row.scores["right"]
    assert results_of(run)[str(row.case_id)].model_clauses == ("P-101",)


class StopError(BaseException):
    """The process is told to end."""


def interrupting(after: int) -> Callable[[Sequence[Result]], None]:
    """Return a listener that ends the process once so many cases are stored."""
    seen = 0

    def on_done(group: Sequence[Result]) -> None:
        nonlocal seen
        seen += len(group)
        if seen >= after:
            raise StopError

    return on_done


def test_an_interrupted_run_goes_on_and_asks_nothing_twice() -> None:
    run = planned(frozen(40))
    client = ScriptedClient(slow)
    pace = Pace(2)
    with pytest.raises(StopError):
        work_run(run, client_factory=client, on_done=interrupting(1), pace=pace)
    run.refresh_from_db()
    stored = EvalResult.objects.filter(run=run).count()
    assert run.state == RunState.RUNNING
    assert run.lease_token is None
    assert 0 < stored < 40
    again = ScriptedClient(sharp)
    run = work_run(run, client_factory=again)
    assert run.state == RunState.COMPLETED
    assert len(again.asked) == 40 - stored
    assert EvalResult.objects.filter(run=run).count() == 40


def test_a_held_run_is_left_alone_until_its_lease_ends() -> None:
    run = planned()
    take_run(run, by=BY)
    with pytest.raises(RunHeldError):
        take_run(run, by=BY)
    take_run(run, by=BY, now=timezone.now() + timedelta(minutes=1))


def test_who_lost_the_lease_writes_nothing_more() -> None:
    run = planned(frozen(40))
    token = take_run(run, by=BY)

    def steal(group: Sequence[Result]) -> None:
        later = timezone.now() + timedelta(minutes=5)
        take_run(EvalRun.objects.get(pk=run.pk), by=BY, now=later)

    client = ScriptedClient(slow)
    with pytest.raises(RunLostError):
        work_run(run, client_factory=client, on_done=steal, token=token, pace=Pace(2))
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert run.lease_token not in (None, token)


def test_a_case_has_one_result_in_a_run() -> None:
    run = work_run(planned(), client_factory=ScriptedClient(sharp))
    row = EvalResult.objects.filter(run=run).first()
    assert row is not None
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_a_dataset_that_was_changed_fails_the_run_with_the_reason() -> None:
    run = planned()
    EvalDatasetCase.objects.filter(position=0).update(expected={"decision": "reject"})
    client = ScriptedClient(sharp)
    run = work_run(run, client_factory=client)
    assert run.state == RunState.FAILED
    assert "has changed since" in run.failure
    assert not client.asked


def test_a_client_that_cannot_be_made_fails_the_run() -> None:
    def broken(pool: object) -> Any:
        raise ConnectionError("no provider")

    run = work_run(planned(), client_factory=broken)
    assert run.state == RunState.FAILED
    assert "ConnectionError" in run.failure


def test_only_what_is_frozen_can_be_run() -> None:
    draft = EvalDataset.objects.create(name="draft")
    with pytest.raises(DatasetRefusedError, match="not frozen"):
        planned(draft)
    assert draft.state == DatasetState.DRAFT


def test_a_candidate_is_held_against_its_baseline_case_by_case() -> None:
    dataset = frozen()
    baseline = work_run(planned(dataset), client_factory=ScriptedClient(sharp))
    run = planned(dataset, against=baseline)
    run = work_run(run, client_factory=always(a_verdict()))
    paired = run.summary["paired"]
    assert len(paired["broken"]) == 3
    assert paired["mended"] == paired["both_wrong"] == []
    assert paired["p_value"] == pytest.approx(0.25)
    assert any("of the baseline" in reason for reason in run.gate_reasons)


def test_a_baseline_of_another_dataset_does_not_fit() -> None:
    other = work_run(planned(frozen()), client_factory=ScriptedClient(sharp))
    with pytest.raises(DatasetRefusedError, match="no completed run over"):
        planned(frozen(name="second"), against=other)


def test_a_completed_run_is_found_again_and_an_unfinished_one_too() -> None:
    dataset, pipeline = frozen(), a_version()
    assert completed_run(dataset, pipeline) is None
    run = planned(dataset, pipeline=pipeline, worked_by=BY_COMMAND)
    assert unfinished_run(dataset, pipeline, None) == run
    # A run that the server works on is not the command's to go on with.
    planned(dataset, pipeline=pipeline)
    assert unfinished_run(dataset, pipeline, None) == run
    done = work_run(run, client_factory=ScriptedClient(sharp))
    assert completed_run(dataset, pipeline) == done
    assert unfinished_run(dataset, pipeline, None) is None
    assert unfinished_run(dataset, a_version(), None) is None


def test_the_server_works_on_what_was_planned_for_it() -> None:
    mine = planned(worked_by=BY_COMMAND)
    run = planned(mine.dataset, pipeline=mine.pipeline)
    assert work_planned(client_factory=ScriptedClient(sharp)) == 6
    run.refresh_from_db()
    mine.refresh_from_db()
    assert (run.state, mine.state) == (RunState.COMPLETED, RunState.PLANNED)
    assert work_planned(client_factory=ScriptedClient(sharp)) == 0


def test_a_slice_of_time_leaves_the_rest_for_the_next() -> None:
    run = planned(frozen(30))
    work_run(run, client_factory=ScriptedClient(slow), pace=Pace(1), seconds=0.0)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert run.lease_token is None
    while work_planned(client_factory=ScriptedClient(sharp)):
        pass
    run.refresh_from_db()
    assert run.state == RunState.COMPLETED


def test_listings_that_wait_come_first() -> None:
    assert _room() == CONCURRENCY
    a_submission()
    assert Submission.objects.waiting_for_machine().exists()
    assert _room() == YIELDING


def test_a_run_that_ended_unscored_is_scored_by_whoever_comes_next() -> None:
    run = work_run(planned(), client_factory=ScriptedClient(sharp))
    EvalRun.objects.filter(pk=run.pk).update(
        finalized_at=None, summary={}, gate_passed=None
    )
    work_planned(client_factory=ScriptedClient(sharp))
    run.refresh_from_db()
    assert run.gate_passed
    assert run.summary["figures"]["cases"] == 6


def test_a_run_depends_on_the_recipe_of_its_version() -> None:
    run = planned()
    other = PipelineVersion.objects.get(pk=run.pipeline_id)
    assert run.environment["recipe_sha256"] == other.recipe_sha256
    assert run.environment["dataset_sha256"] == run.dataset.sha256
