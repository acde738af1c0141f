"""Auto-approve or ask a person: the one place where that is decided.

Pure. A listing goes live by itself only when everything says so; any failure,
doubt, veto or switch asks a person and says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from moderation.states import FailureKind, ModeKind, Route, VerdictKind

FAILURE_WORDS = {
    FailureKind.TIMEOUT: "The model did not answer in time.",
    FailureKind.UNREACHABLE: "The model could not be reached.",
    FailureKind.PROVIDER_ERROR: "The model's provider failed.",
    FailureKind.RATE_LIMITED: "The model's provider asked us to slow down.",
    FailureKind.QUOTA_EXHAUSTED: "The account with the model's provider is used up.",
    FailureKind.AUTHENTICATION: "The model's provider did not accept our key.",
    FailureKind.REQUEST_REJECTED: "The model's provider did not accept the request.",
    FailureKind.REFUSED: "The model declined to judge this listing.",
    FailureKind.EMPTY: "The model gave an empty answer.",
    FailureKind.TRUNCATED: "The model's answer was cut off.",
    FailureKind.UNPARSABLE: "The model's answer could not be read, twice.",
    FailureKind.INVALID_ANSWER: "The model's answer did not hold up, twice.",
    FailureKind.WRONG_MODEL: "Another model answered than the one that was tested.",
    FailureKind.CIRCUIT_OPEN: "The model fails too often and is given a pause.",
    FailureKind.BUDGET: "The budget for model calls is used up.",
    FailureKind.DEADLINE: "The time for judging this listing ran out.",
    FailureKind.CRASHED: "Judging this listing stopped the worker three times.",
    FailureKind.INTERNAL: "Something went wrong on our side while judging it.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person is asked: a stable code and a sentence."""

    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Return JSON-ready data."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Routed:
    """The route with its reasons; no reasons on an auto-approval."""

    route: Route
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What routing looks at.

    Attributes:
        verdict: derived from the clauses, or None after a failure.
        failure: why there is no verdict, or None.
        findings: clause code to explanation, for reject and ask actions.
        doubt: the model's own doubt, empty when none.
        calibrated: calibrated confidence, 0 to 1.
        threshold: what it must reach.
        field_confidence: by field, 0 to 1.
        field_thresholds: what each must reach; a field not named needs nothing.
        fallback_because: why another provider answered than the version's own.
        vetoes: guardrail to its reason, empty where it holds.
        mode: the kill switch.
        may_act: False where the threshold is provisional and a certificate is
            required.
    """

    verdict: VerdictKind | None
    failure: FailureKind | None
    findings: Mapping[str, str]
    doubt: str
    calibrated: float
    threshold: float
    field_confidence: Mapping[str, float]
    field_thresholds: Mapping[str, float]
    vetoes: Mapping[str, str]
    mode: ModeKind
    may_act: bool
    fallback_because: FailureKind | None = None


def route(judgement: Judgement) -> Routed:
    """Decide between auto-approval and a person, with every reason that applies."""
    reasons = tuple(_reasons(judgement))
    return Routed(Route.REVIEW if reasons else Route.AUTO_APPROVE, reasons)


def _reasons(judgement: Judgement) -> list[Reason]:
    reasons: list[Reason] = []
    if judgement.failure is not None or judgement.verdict is None:
        kind = judgement.failure or FailureKind.INTERNAL
        reasons.append(Reason(kind, FAILURE_WORDS[kind]))
    else:
        if judgement.fallback_because is not None:
            kind = judgement.fallback_because
            reasons.append(Reason(kind, FAILURE_WORDS[kind]))
        reasons += _doubts(judgement)
    reasons += [
        Reason(name, words) for name, words in judgement.vetoes.items() if words
    ]
    if judgement.mode != ModeKind.AUTOMATIC:
        reasons.append(
            Reason("mode", "Automatic approval is switched off: people decide.")
        )
    if not judgement.may_act:
        reasons.append(
            Reason(
                "not_certified",
                "The threshold is provisional and a certificate is required.",
            )
        )
    return reasons


def _doubts(judgement: Judgement) -> list[Reason]:
    reasons = [
        Reason(code, words or f"The model named {code}.")
        for code, words in judgement.findings.items()
    ]
    if judgement.doubt:
        reasons.append(Reason("doubt", judgement.doubt))
    if judgement.verdict is VerdictKind.VIOLATION and not reasons:
        reasons.append(Reason("violation", "The model found a violation."))
    if judgement.calibrated < judgement.threshold:
        reasons.append(
            Reason(
                "low_confidence",
                f"Confidence {judgement.calibrated:.2f} is below "
                f"{judgement.threshold:.2f}.",
            )
        )
    for name, needed in judgement.field_thresholds.items():
        given = judgement.field_confidence.get(name, 0.0)
        if given < needed:
            reasons.append(
                Reason(
                    f"low_confidence_{name}",
                    f"{name.capitalize()} scored {given:.2f} and needs {needed:.2f}.",
                )
            )
    return reasons
