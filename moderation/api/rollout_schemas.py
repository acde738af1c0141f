"""What rollouts look like on the wire."""

from typing import Any

from pydantic import Field

from moderation.api.schemas import Read, Write

_REVISION = "The revision that you read; another one is answered with 409."


class AdvanceIn(Write):
    """One stage on."""

    revision: int | None = Field(default=None, ge=0, description=_REVISION)
    note: str = Field(
        min_length=1, max_length=500, description="Why, for the audit log."
    )
    override: bool = Field(
        default=False,
        description="Go on without a passing gate or the minimum sample; needs a note "
        "of 8 or more characters and is marked in the history.",
    )


class HoldIn(Write):
    """Stay at this stage, or go on."""

    revision: int | None = Field(default=None, ge=0, description=_REVISION)
    on: bool = Field(default=True, description="False ends the hold.")
    note: str = Field(default="", max_length=500, description="Why.")


class StopIn(Write):
    """Everyone back to the baseline."""

    revision: int | None = Field(
        default=None,
        ge=0,
        description=f"{_REVISION} Left out, the stop is never refused for being late.",
    )
    note: str = Field(default="", max_length=500, description="Why; may follow.")


class NextOut(Read):
    """The stage that an advance leads to."""

    state: str = Field(description="pilot or ramping.")
    percent: int = Field(description="Share of merchants on the candidate.")


class RolloutEvidenceOut(Read):
    """What speaks for and against an advance."""

    assessments: int = Field(description="The candidate's, since the stage began.")
    minimum: int = Field(description="How many there have to be.")
    gate_run: str | None = Field(description="The eval run the gate rests on.")
    gate_passed: bool = Field(description="Whether the gate lets it on.")
    missing: list[str] = Field(description="What stands against it; may be empty.")


class StepOut(Read):
    """One step of the history."""

    from_state: str = Field(description="Where it stood.")
    to_state: str = Field(description="Where it went.")
    from_percent: int = Field(description="Percentage before.")
    to_percent: int = Field(description="Percentage after.")
    by: str = Field(description="Who did it.")
    note: str = Field(description="Why.")
    is_override: bool = Field(description="Whether evidence was missing.")
    figures: dict[str, Any] = Field(description="What was known then.")
    at: str | None = Field(description="When (UTC).")


class RolloutOut(Read):
    """The staged replacement of a baseline by a candidate."""

    id: str = Field(description="Id of the rollout.")
    candidate: str = Field(description="Name of the version that may take over.")
    baseline: str = Field(description="Name of the version that it replaces.")
    state: str = Field(
        description="shadow, pilot, ramping, complete, halted or closed."
    )
    percent: int = Field(description="Share of merchants on the candidate.")
    is_held: bool = Field(description="Whether it may not advance for now.")
    revision: int = Field(description="Counts every change; send it back.")
    threshold_status: str = Field(description="certified or not certified.")
    pilots: list[str] = Field(description="Slugs of the merchants who go first.")
    next: NextOut | None = Field(description="What an advance leads to.")
    evidence: RolloutEvidenceOut | None = Field(
        description="Null once it is not under way."
    )
    awaits_second_admin: bool = Field(description="Whether another has to confirm.")
    started_by: str = Field(description="Who started it.")
    started_at: str | None = Field(description="When (UTC).")
    halted_by: str = Field(description="Who stopped it; empty when nobody did.")
    halted_at: str | None = Field(description="When (UTC).")
    halted_reason: str = Field(description="Why.")
    finished_at: str | None = Field(description="When it ended (UTC).")
    steps: list[StepOut] = Field(description="The history, oldest first.")


class RolloutsOut(Read):
    """All rollouts."""

    rollouts: list[RolloutOut] = Field(description="Newest first.")
