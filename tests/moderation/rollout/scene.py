"""What the tests of rollouts share: two versions, a gate that passed, a rollout."""

from typing import Any

from django.utils import timezone

from moderation.access.actor import Actor
from moderation.models import (
    EvalCase,
    EvalDataset,
    EvalDatasetCase,
    EvalRun,
    PipelineVersion,
    Rollout,
)
from moderation.rollout import stages
from moderation.states import RolloutState
from tests.builders import a_person, a_version

INES, JOEL = "ines", "joel"


def an_admin(name: str = INES) -> Actor:
    """Return an admin, the same one each time."""
    return a_person(name, "admin")


def two_versions() -> tuple[PipelineVersion, PipelineVersion]:
    """Return the version that serves, and one that may replace it."""
    old = a_version(name="old")
    return old, a_version(name="new", threshold=0.95, by=Actor("person:ines"))


def a_dataset(name: str = "frozen", cases: int = 50, state: str = "frozen") -> Any:
    """Return a dataset of so many cases."""
    frozen = {"sha256": "a" * 64, "frozen_at": timezone.now()}
    dataset = EvalDataset.objects.create(
        name=name, state=state, **(frozen if state == "frozen" else {})
    )
    made = EvalCase.objects.bulk_create(
        EvalCase(reference=f"{name}-{n}", expected={}, provenance="shipped")
        for n in range(cases)
    )
    EvalDatasetCase.objects.bulk_create(
        EvalDatasetCase(
            dataset=dataset,
            case=case,
            position=place,
            listing={"title": f"Mug {place}"},
            expected={"decision": "approve"},
            sha256="",
        )
        for place, case in enumerate(made)
    )
    return dataset


def a_run(version: PipelineVersion, dataset: Any = None, **fields: Any) -> EvalRun:
    """Return a completed run that passed the gate, with fields changed."""
    values: dict[str, Any] = {
        "state": "completed",
        "gate_passed": True,
        "finished_at": timezone.now(),
        "planned_cases": 50,
        **fields,
    }
    return EvalRun.objects.create(
        dataset=dataset or a_dataset(f"d{EvalDataset.objects.count()}"),
        pipeline=version,
        **values,
    )


def started(*, gate: bool = True, **parts: Any) -> Rollout:
    """Return a rollout in shadow."""
    _, new = two_versions()
    if gate:
        a_run(new)
    return stages.start(candidate=new, by=an_admin(), note="a test", **parts)


def moved_to(rollout: Rollout, percent: int) -> Rollout:
    """Return the rollout at a percentage, as if it had advanced there."""
    Rollout.objects.filter(pk=rollout.pk).update(
        state=RolloutState.RAMPING, percent=percent
    )
    return Rollout.objects.select_related("candidate", "baseline").get(pk=rollout.pk)
