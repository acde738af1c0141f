"""A rollout as plain data: the same for the terminal and for the API."""

from datetime import datetime
from typing import Any

from moderation.models import PipelineVersion, Rollout
from moderation.rollout.assignment import UNDER_WAY
from moderation.rollout.evidence import evidence_for
from moderation.rollout.second import pending
from moderation.rollout.stages import next_stage


def describe(rollout: Rollout) -> dict[str, Any]:
    """Return where a rollout stands, what comes next and what is missing for it."""
    ahead = next_stage(rollout)
    # One that has ended waits for nobody.
    asked = pending(rollout) if rollout.state in UNDER_WAY else None
    certified = rollout.candidate.threshold_status == PipelineVersion.CERTIFIED
    return {
        "id": rollout.public_id,
        "candidate": rollout.candidate.name,
        "baseline": rollout.baseline.name,
        "state": str(rollout.state),
        "percent": rollout.percent,
        "is_held": rollout.is_held,
        "revision": rollout.revision,
        "threshold_status": "certified" if certified else "not certified",
        "pilots": sorted(merchant.slug for merchant in rollout.pilot_merchants.all()),
        "next": {"state": str(ahead[0]), "percent": ahead[1]} if ahead else None,
        "evidence": _evidence(rollout),
        "awaits_second_admin": asked is not None,
        "started_by": rollout.started_by,
        "started_at": _at(rollout.started_at),
        "halted_by": rollout.halted_by,
        "halted_at": _at(rollout.halted_at),
        "halted_reason": rollout.halted_reason,
        "finished_at": _at(rollout.finished_at),
    }


def describe_steps(rollout: Rollout) -> list[dict[str, Any]]:
    """Return the history, oldest first."""
    return [
        {
            "from_state": str(step.from_state),
            "to_state": str(step.to_state),
            "from_percent": step.from_percent,
            "to_percent": step.to_percent,
            "by": step.by_label,
            "note": step.note,
            "is_override": step.is_override,
            "figures": step.figures,
            "at": _at(step.at),
        }
        for step in sorted(rollout.steps.all(), key=lambda step: step.pk)
    ]


def _evidence(rollout: Rollout) -> dict[str, Any] | None:
    if rollout.state not in UNDER_WAY:
        return None
    evidence = evidence_for(rollout)
    return {**evidence.as_dict(), "missing": list(evidence.missing)}


def _at(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
