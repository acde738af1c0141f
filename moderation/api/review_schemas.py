"""What review tasks, decisions and the mode look like on the wire."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from moderation.api.schemas import EvidenceOut, Read, ReasonOut, Write
from moderation.states import ModeKind, Outcome


class ClaimIn(Write):
    """Which queue to take the next task from."""

    queue: str | None = Field(
        default=None,
        max_length=40,
        description="general, escalations, appeals or spot-checks; left out, whatever "
        "is due first.",
    )


class _FromJson(Write):
    # A token and an outcome come as text, which strict mode would refuse.
    model_config = ConfigDict(extra="forbid", strict=False)


class LeaseIn(_FromJson):
    """Proof that one holds the task."""

    lease_token: UUID = Field(description="The token that the claim gave.")


class SkipIn(LeaseIn):
    """A task passed by."""

    reason: str = Field(
        default="", max_length=200, strict=True, description="Why, for the next person."
    )


class EscalateIn(LeaseIn):
    """A task that a senior moderator shall decide."""

    reason: str = Field(
        default="", max_length=200, strict=True, description="What the senior is asked."
    )


class DecisionIn(LeaseIn):
    """What a moderator decides."""

    outcome: Outcome = Field(description="approved, changes_needed or rejected.")
    clauses: list[str] = Field(
        default=[],
        max_length=50,
        description="Codes of the policy's clauses; needed unless approved.",
    )
    corrections: dict[str, Any] = Field(
        default={},
        max_length=20,
        description="Field to the value to publish instead; with an approval only.",
    )
    statement: str = Field(
        default="",
        max_length=4000,
        strict=True,
        description="Words for the merchant beside the clauses.",
    )
    note: str = Field(
        default="",
        max_length=4000,
        strict=True,
        description="Words the merchant never reads.",
    )


class ModeIn(_FromJson):
    """The kill switch, turned."""

    mode: ModeKind = Field(description="automatic, humans_only or closed.")
    note: str = Field(
        min_length=1,
        max_length=500,
        strict=True,
        description="Why, for the audit log.",
    )


class ModeOut(Read):
    """The mode in force."""

    mode: str = Field(description="automatic, humans_only or closed.")
    note: str = Field(description="Why it was set.")
    by: str = Field(description="Who set it; empty where nobody ever did.")
    at: str | None = Field(description="When (UTC); null where nobody ever did.")


class ClauseOut(Read):
    """One clause that the model found, with its evidence."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(description="Code of the clause: P-101.")
    field: str = Field(default="", description="Where the words stand.")
    quote: str = Field(default="", description="The words.")
    action: str = Field(default="", description="fix, reject or ask.")
    explanation: str = Field(default="", description="Why it applies.")


class AssessmentOut(Read):
    """What a pipeline version said."""

    pipeline: str = Field(description="Name of the pipeline version.")
    verdict: str | None = Field(
        description="compliant, violation or unsure; null for a failure."
    )
    failure: str | None = Field(description="Failure kind, see docs/runbook.md.")
    clauses: list[ClauseOut] = Field(description="The clauses found.")
    doubt: str = Field(description="What the model was unsure about.")
    stated_confidence: float | None = Field(description="What the model claims.")
    calibrated_confidence: float | None = Field(
        description="Measured probability that it is right."
    )
    field_confidence: dict[str, float] = Field(description="The same, field by field.")
    language: str = Field(description="Language as judged (BCP 47).")
    guardrails: dict[str, Any] = Field(description="Each guardrail's veto.")


class VersionsOut(Read):
    """The listing three times."""

    merchant: dict[str, Any] | None = Field(description="As it was sent.")
    rules: dict[str, Any] | None = Field(description="After the quality rules.")
    model: dict[str, Any] | None = Field(
        description="As the model would publish it; null without a verdict."
    )
    shown: dict[str, Any] = Field(
        description="What an approval without corrections stands for. For a spot "
        "check it is what went live; corrections are told against it."
    )


class AboutOut(Read):
    """The decision that an appeal is about."""

    id: str = Field(description="The decision's id.")
    outcome: str = Field(description="What was decided.")
    clauses: list[dict[str, str]] = Field(description="Under which clauses.")
    statement: str = Field(description="What the merchant was told.")


class TaskOut(Read):
    """One unit of a moderator's work."""

    id: str = Field(description="Id of the task.")
    kind: str = Field(description="routed, spot_check, escalation, appeal ...")
    state: str = Field(description="open, claimed, resolved or cancelled.")
    submission_id: str = Field(description="The version of the listing to look at.")
    listing_id: str = Field(description="The listing.")
    merchant: str = Field(description="Slug of the merchant.")
    reasons: list[ReasonOut] = Field(description="Why a person is asked.")
    due_at: str = Field(description="When it should be decided (UTC).")
    created_at: str = Field(description="Since when it waits (UTC).")
    claimed_by: str | None = Field(description="Who holds it.")
    lease_token: UUID | None = Field(
        description="Shown to the holder alone; every act must show it."
    )
    lease_until: str | None = Field(description="When the hold ends (UTC).")
    resolution: str = Field(description="How it ended; empty while it has not.")
    about: AboutOut | None = Field(
        description="For an appeal: the decision that it is about."
    )
    assessment: AssessmentOut | None = Field(
        description="What the machine said; null when it is blind or there is none."
    )
    versions: VersionsOut = Field(description="The listing's three versions.")


class EscalatedOut(Read):
    """What became of an escalated task."""

    id: str = Field(description="Id of the task that is resolved now.")
    state: str = Field(description="resolved.")
    escalation_id: str = Field(description="Id of the senior's new task.")


class DecidedOut(Read):
    """A decision as its maker sees it."""

    id: str = Field(description="Id of the decision, for undo.")
    task_id: str = Field(description="The task it resolved.")
    submission_id: str = Field(description="What it is about.")
    outcome: str = Field(description="What was decided.")
    resolution: str = Field(
        description="How the task ended: the outcome; for a spot check confirmed, "
        "overturned or disagreed (the decision stood no longer)."
    )
    clauses: list[EvidenceOut] = Field(description="Its grounds.")
    decided_at: str = Field(description="When (UTC).")
    effective_at: str = Field(description="Until then it can be undone (UTC).")
    undo_url: str | None = Field(
        description="Where to undo it; null where nothing was changed."
    )


class UndoneOut(Read):
    """A decision taken back."""

    id: str = Field(description="Id of the decision.")
    undone: bool = Field(description="True.")
    task: TaskOut | None = Field(description="The task, in its holder's hands again.")
