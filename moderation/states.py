"""Every status, outcome, role and failure kind, and the legal moves between states.

Standard library only, so that pure judgement can import it. docs/states.md is
drawn from MACHINES; a test fails when it is stale.
"""

from enum import StrEnum
from typing import NamedTuple


class SubmissionState(StrEnum):
    """Where one version of a listing stands."""

    RECEIVED = "received"
    ASSESSING = "assessing"
    IN_REVIEW = "in_review"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class TaskState(StrEnum):
    """Where one unit of human attention stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    """Where one message owed to the outside stands."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    CANCELLED = "cancelled"


class ImportState(StrEnum):
    """Where one bulk import stands."""

    ADMITTING = "admitting"
    DONE = "done"


class ImportRowState(StrEnum):
    """What became of one row of an import."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class DatasetState(StrEnum):
    """Where an eval dataset version stands."""

    DRAFT = "draft"
    FROZEN = "frozen"
    RETIRED = "retired"


class CaseState(StrEnum):
    """Where an eval case stands in curation."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DISCARDED = "discarded"


class RunState(StrEnum):
    """Where an eval run stands."""

    PLANNED = "planned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class RolloutState(StrEnum):
    """Where a rollout stands; the percentage is a field, not a state."""

    SHADOW = "shadow"
    PILOT = "pilot"
    RAMPING = "ramping"
    COMPLETE = "complete"
    HALTED = "halted"
    CLOSED = "closed"


class AppealState(StrEnum):
    """Where a merchant's appeal stands."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class TaskKind(StrEnum):
    """Why a person is asked."""

    ROUTED = "routed"
    SPOT_CHECK = "spot_check"
    SECOND_REVIEW = "second_review"
    ESCALATION = "escalation"
    APPEAL = "appeal"
    KNOWN_ANSWER = "known_answer"


class Outcome(StrEnum):
    """What is owed to the merchant."""

    APPROVED = "approved"
    CHANGES_NEEDED = "changes_needed"
    REJECTED = "rejected"


class DecidedBy(StrEnum):
    """Whether a machine or a person decided."""

    MACHINE = "machine"
    PERSON = "person"


class VerdictKind(StrEnum):
    """What the model's clauses add up to."""

    COMPLIANT = "compliant"
    VIOLATION = "violation"
    UNSURE = "unsure"


class ClauseAction(StrEnum):
    """What the model says one clause calls for."""

    FIX = "fix"
    REJECT = "reject"
    ASK = "ask"


class Route(StrEnum):
    """The machine's only two powers."""

    AUTO_APPROVE = "auto_approve"
    REVIEW = "review"


class AssessmentRole(StrEnum):
    """Whether an assessment may act or is only recorded."""

    SERVING = "serving"
    SHADOW = "shadow"


class ModeKind(StrEnum):
    """The kill switch."""

    AUTOMATIC = "automatic"
    HUMANS_ONLY = "humans_only"
    CLOSED = "closed"


class Source(StrEnum):
    """By which door a submission came in."""

    API = "api"
    FORM = "form"
    BULK = "bulk"
    IMPORT = "import"


class Standing(StrEnum):
    """How far a merchant is trusted."""

    NEW = "new"
    ESTABLISHED = "established"
    RESTRICTED = "restricted"
    SUSPENDED = "suspended"


class BreakerState(StrEnum):
    """Whether calls to a provider go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class FailureKind(StrEnum):
    """Why no verdict exists. Each has a line in docs/runbook.md."""

    TIMEOUT = "model_timeout"
    UNREACHABLE = "model_unreachable"
    PROVIDER_ERROR = "provider_error"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    AUTHENTICATION = "authentication"
    REQUEST_REJECTED = "request_rejected"
    REFUSED = "refused"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    UNPARSABLE = "unparsable"
    INVALID_ANSWER = "invalid_answer"
    WRONG_MODEL = "wrong_model"
    CIRCUIT_OPEN = "circuit_open"
    BUDGET = "budget"
    DEADLINE = "deadline"
    CRASHED = "crashed"
    INTERNAL = "internal"


class Move(NamedTuple):
    """One legal move of a machine and what causes it."""

    source: StrEnum
    target: StrEnum
    because: str


_S, _T, _D = SubmissionState, TaskState, DeliveryState
_C, _R, _O = CaseState, RunState, RolloutState

MACHINES: dict[str, tuple[Move, ...]] = {
    "Submission": (
        Move(_S.RECEIVED, _S.ASSESSING, "a worker claims it"),
        Move(_S.ASSESSING, _S.DECIDED, "auto-approved"),
        Move(_S.ASSESSING, _S.IN_REVIEW, "routed to a person"),
        Move(_S.ASSESSING, _S.RECEIVED, "worker lost or waiting, swept"),
        Move(_S.IN_REVIEW, _S.DECIDED, "a person decides"),
        Move(_S.DECIDED, _S.IN_REVIEW, "undone, overturned or appealed"),
        Move(_S.RECEIVED, _S.WITHDRAWN, "taken back or replaced"),
        Move(_S.ASSESSING, _S.WITHDRAWN, "taken back or replaced"),
        Move(_S.IN_REVIEW, _S.WITHDRAWN, "taken back or replaced"),
    ),
    "ReviewTask": (
        Move(_T.OPEN, _T.CLAIMED, "a moderator claims it"),
        Move(_T.CLAIMED, _T.RESOLVED, "decided, or escalated to a new task"),
        Move(_T.CLAIMED, _T.OPEN, "released, skipped or lease ended"),
        Move(_T.RESOLVED, _T.OPEN, "undone"),
        Move(_T.RESOLVED, _T.CLAIMED, "undone, given back to its holder"),
        Move(_T.OPEN, _T.CANCELLED, "listing withdrawn or replaced"),
        Move(_T.CLAIMED, _T.CANCELLED, "listing withdrawn or replaced"),
    ),
    "Delivery": (
        Move(_D.PENDING, _D.SENT, "taken"),
        Move(_D.PENDING, _D.DEAD, "last try failed"),
        Move(_D.DEAD, _D.PENDING, "an operator sends it again"),
        Move(_D.PENDING, _D.CANCELLED, "decision undone, or endpoint deleted"),
    ),
    "Import": (Move(ImportState.ADMITTING, ImportState.DONE, "every row has an end"),),
    "ImportRow": (
        Move(ImportRowState.WAITING, ImportRowState.ADMITTED, "became a submission"),
        Move(ImportRowState.WAITING, ImportRowState.UNCHANGED, "content known already"),
        Move(ImportRowState.WAITING, ImportRowState.REFUSED, "has problems"),
    ),
    "EvalDataset": (
        Move(DatasetState.DRAFT, DatasetState.FROZEN, "frozen"),
        Move(DatasetState.FROZEN, DatasetState.RETIRED, "retired"),
    ),
    "EvalCase": (
        Move(_C.PROPOSED, _C.ACCEPTED, "a curator accepts"),
        Move(_C.PROPOSED, _C.DISCARDED, "a curator discards, or it was undone"),
        Move(_C.ACCEPTED, _C.DISCARDED, "its label no longer holds"),
    ),
    "EvalRun": (
        Move(_R.PLANNED, _R.RUNNING, "a worker starts it"),
        Move(_R.RUNNING, _R.COMPLETED, "every case has a result"),
        Move(_R.RUNNING, _R.FAILED, "it cannot go on"),
    ),
    "Rollout": (
        Move(_O.SHADOW, _O.PILOT, "advanced to the pilot merchants"),
        Move(_O.SHADOW, _O.RAMPING, "advanced"),
        Move(_O.PILOT, _O.RAMPING, "advanced"),
        Move(_O.RAMPING, _O.COMPLETE, "completed at 100 percent"),
        Move(_O.SHADOW, _O.HALTED, "stopped"),
        Move(_O.PILOT, _O.HALTED, "stopped"),
        Move(_O.RAMPING, _O.HALTED, "stopped"),
        Move(_O.COMPLETE, _O.HALTED, "stopped"),
        Move(_O.HALTED, _O.RAMPING, "taken up again with a new reason"),
        Move(_O.HALTED, _O.CLOSED, "given up"),
    ),
    "Appeal": (
        Move(AppealState.OPEN, AppealState.UPHELD, "the decision is overturned"),
        Move(AppealState.OPEN, AppealState.REJECTED, "the decision stands"),
        Move(AppealState.UPHELD, AppealState.OPEN, "undone"),
        Move(AppealState.OPEN, AppealState.WITHDRAWN, "the merchant takes it back"),
    ),
}


class IllegalMoveError(ValueError):
    """A move that no machine allows: a defect in the caller, never a race."""


def check_move(machine: str, source: str, target: str) -> None:
    """Raise IllegalMoveError unless the machine may go from source to target."""
    if not any(m.source == source and m.target == target for m in MACHINES[machine]):
        raise IllegalMoveError(f"{machine} may not go from {source} to {target}")
