"""What each refusal of a verb answers on the wire: one table.

Decides kind and words of the problem; the verbs decide that there is one.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from moderation.api.problems import ApiError, FieldError, invalid, of_problems
from moderation.delivery.endpoints import EndpointRefusedError
from moderation.intake.check import RefusedError
from moderation.intake.submit import BusyError, IntakeClosedError, KeyReusedError
from moderation.models import PipelineVersion, Policy
from moderation.review.appeals import AppealRefusedError
from moderation.review.decide import (
    AlreadyDecidedError,
    InvalidDecisionError,
    TooLateError,
)
from moderation.review.queue import LeaseLostError, NotAllowedError
from moderation.rollout.mode import NoteMissingError
from moderation.rollout.refusals import (
    NoteTooShortError,
    RolloutError,
    StaleRolloutError,
)

NOT_SET_UP_RETRY_S = 30

# What a decision names beside the fields of the listing that it corrects.
_OF_A_DECISION = frozenset({"outcome", "clauses", "corrections", "statement", "note"})


def as_api_error(error: Exception) -> ApiError:
    """Return the problem that a verb's refusal is on the wire.

    Raises:
        KeyError: the error is none of REFUSALS.
    """
    for kind in type(error).__mro__:
        if kind in REFUSALS:
            return REFUSALS[kind](error)
    raise KeyError(type(error).__name__)


def _refused(error: Any) -> ApiError:
    return invalid(of_problems(error.problems))


def _invalid_decision(error: Any) -> ApiError:
    """Name a listing's fields where they stand in a decision: its corrections."""
    return invalid(
        of_problems(
            problem
            if problem.field in _OF_A_DECISION
            else replace(problem, field=f"corrections.{problem.field}")
            for problem in error.problems
        )
    )


def _busy(error: Any) -> ApiError:
    return ApiError("busy", str(error), headers=_retry_after(error))


def _closed(error: Any) -> ApiError:
    return ApiError("intake-closed", str(error), headers=_retry_after(error))


def _key_reused(error: Any) -> ApiError:
    where = "Idempotency-Key"
    reused = FieldError(f"#header/{where}", where, "reused", str(error))
    return ApiError("idempotency-key-reused", str(error), errors=[reused])


def _lease_lost(error: Any) -> ApiError:
    return ApiError("lease-lost", str(error), extra={"task": error.task.public_id})


def _already_decided(error: Any) -> ApiError:
    extra = {"task": error.task.public_id, "decision": error.decision.public_id}
    return ApiError("already-decided", str(error), extra=extra)


def _too_late(error: Any) -> ApiError:
    return ApiError("too-late", str(error))


def _not_appealable(error: Any) -> ApiError:
    return ApiError("not-appealable", str(error))


def _not_allowed(error: Any) -> ApiError:
    return ApiError("forbidden", str(error))


def _not_set_up(_error: Any) -> ApiError:
    return ApiError(
        "unavailable",
        "This installation has no policy or pipeline version yet: its server has "
        "to be started once.",
        headers={"Retry-After": str(NOT_SET_UP_RETRY_S)},
    )


def _stale(error: Any) -> ApiError:
    return ApiError("stale-revision", str(error))


def _rollout_refused(error: Any) -> ApiError:
    return ApiError("rollout-refused", str(error))


def _note_missing(error: Any) -> ApiError:
    return invalid([FieldError("/note", "note", "required", str(error))])


def _retry_after(error: Any) -> dict[str, str]:
    # Whole seconds, at least one (RFC 9110, section 10.2.3).
    return {"Retry-After": str(max(1, math.ceil(error.retry_after_s)))}


REFUSALS: dict[type[Exception], Callable[[Any], ApiError]] = {
    RefusedError: _refused,
    EndpointRefusedError: _refused,
    AppealRefusedError: _not_appealable,
    BusyError: _busy,
    IntakeClosedError: _closed,
    KeyReusedError: _key_reused,
    InvalidDecisionError: _invalid_decision,
    LeaseLostError: _lease_lost,
    AlreadyDecidedError: _already_decided,
    TooLateError: _too_late,
    NotAllowedError: _not_allowed,
    NoteMissingError: _note_missing,
    NoteTooShortError: _note_missing,
    StaleRolloutError: _stale,
    RolloutError: _rollout_refused,
    PipelineVersion.DoesNotExist: _not_set_up,
    Policy.DoesNotExist: _not_set_up,
}
