"""What speaks for an advance: a passing gate, and enough assessments at this stage.

Reads only. Whether it is enough is decided here; what follows is stages.py's part.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, F

from moderation.models import Assessment, EvalRun, PipelineVersion, Rollout
from moderation.states import AssessmentRole, DatasetState, RolloutState, RunState

GATE_CASES = 50


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when somebody asks to advance.

    Attributes:
        gate_run: the newest judged run over a frozen dataset of enough cases.
        gate_words: what it says, or what is missing, as a sentence.
        have, need: the candidate's assessments since this stage began, and how many
            there have to be.
    """

    gate_run: EvalRun | None
    gate_words: str
    have: int
    need: int

    @property
    def gate_passed(self) -> bool:
        """Whether the gate lets the candidate on."""
        return self.gate_run is not None and bool(self.gate_run.gate_passed)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return what stands against an advance, as sentences; empty when nothing."""
        found = [] if self.gate_passed else [self.gate_words]
        if self.have < self.need:
            found.append(
                f"{self.have} of {self.need} assessments at this stage so far."
            )
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Return what a step keeps of it."""
        return {
            "assessments": self.have,
            "minimum": self.need,
            "gate_run": self.gate_run.public_id if self.gate_run else None,
            "gate_passed": self.gate_passed,
        }


def gate_of(candidate: PipelineVersion) -> tuple[EvalRun | None, str]:
    """Return the run that the gate rests on, with a sentence about it.

    The newest completed run with a verdict counts, so that an older success does not
    outweigh a newer failure. Runs over drafts or small datasets do not count.
    """
    run = (
        EvalRun.objects.filter(
            pipeline=candidate,
            state=RunState.COMPLETED,
            gate_passed__isnull=False,
            dataset__state=DatasetState.FROZEN,
        )
        .annotate(size=Count("dataset__cases"))
        .filter(size__gte=GATE_CASES)
        .select_related("dataset")
        .order_by("-id")
        .first()
    )
    if run is None:
        return None, (
            f"{candidate.name} has no eval run through the gate over a frozen dataset "
            f"of {GATE_CASES} or more cases."
        )
    where = f"on {run.dataset} ({run.public_id})"
    if run.gate_passed:
        return run, f"Passed the gate {where}."
    return run, f"Did not pass the gate {where}."


def stage_began(rollout: Rollout) -> datetime:
    """Return when the rollout reached the stage it stands at."""
    newest = (
        rollout.steps.exclude(from_state=F("to_state"), from_percent=F("to_percent"))
        .order_by("-id")
        .first()
    )
    return newest.at if newest else rollout.started_at


def sample_of(rollout: Rollout) -> int:
    """Return how many assessments the candidate made since this stage began.

    While it only looks on, these are its shadow assessments.
    """
    role = (
        AssessmentRole.SHADOW
        if rollout.state == RolloutState.SHADOW
        else AssessmentRole.SERVING
    )
    return Assessment.objects.filter(
        pipeline=rollout.candidate_id,
        role=role,
        created_at__gte=stage_began(rollout),
        # An answer of a provider that stood in says nothing about the candidate.
        fallback_because__isnull=True,
    ).count()


def evidence_for(rollout: Rollout) -> Evidence:
    """Return what speaks for and against an advance now."""
    run, words = gate_of(rollout.candidate)
    need = settings.REVIEWHUB_ROLLOUT_MINIMUM
    return Evidence(run, words, sample_of(rollout), need)
