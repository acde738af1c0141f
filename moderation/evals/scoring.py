"""How right the pipeline was on labelled cases: the one definition of each figure.

Pure. What counts is what would have gone live; a listing that a person gets is
never wrong, only not automated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderation.evals.cases import Case
from moderation.evals.intervals import upper_bound
from moderation.routing.calibration import expected_calibration_error
from moderation.states import Route, VerdictKind

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result:
    """What the pipeline made of one case.

    Attributes:
        route: auto_approve, review, or refused at intake.
        verdict: compliant, violation, unsure, or None (refused, failed).
        clauses: codes the model named and codes of quality rules applied.
        model_clauses: codes the model named alone.
        standardised: what would be published.
        said: the model's findings, each with code, quote, action, explanation.
        doubt: what the model was unsure about.
        latency_ms: how long the judgement took.
    """

    id: str
    route: str
    reasons: tuple[str, ...] = ()
    verdict: str | None = None
    clauses: tuple[str, ...] = ()
    model_clauses: tuple[str, ...] = ()
    calibrated_confidence: float | None = None
    stated_confidence: float | None = None
    standardised: Mapping[str, Any] = field(default_factory=dict)
    cost_microusd: int = 0
    failure: str | None = None
    said: tuple[Mapping[str, str], ...] = ()
    doubt: str = ""
    latency_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the line that `evaluate --out` writes."""
        return {
            "id": self.id,
            "route": self.route,
            "reasons": list(self.reasons),
            "verdict": self.verdict,
            "clauses": list(self.clauses),
            "calibrated_confidence": self.calibrated_confidence,
            "stated_confidence": self.stated_confidence,
            "standardised": dict(self.standardised),
            "failure": self.failure,
        }


def decision_of(result: Result) -> str | None:
    """Return the decision an answer amounts to, or None for no answer."""
    if result.route == REFUSED:
        return "reject"
    if result.verdict == VerdictKind.VIOLATION:
        return "reject"
    if result.verdict == VerdictKind.COMPLIANT:
        return "approve_with_fixes" if result.clauses else "approve"
    return None


def is_right(case: Case, result: Result) -> bool:
    """Tell whether the decision an answer amounts to is the label's.

    A refusal at intake is right only where quality rules alone reject: for what
    the policy forbids, the intake's reason is not the reason.
    """
    expected = case.expected
    if result.route == REFUSED:
        codes = expected.policy_codes
        return expected.decision == "reject" and not any(
            code.startswith("P-") for code in codes
        )
    return decision_of(result) == expected.decision


def is_right_in_all(case: Case, result: Result) -> bool:
    """Tell whether a case is right in every way that two runs are compared by.

    The decision is the label's, and nothing would wrongly have gone live.
    """
    if result.route == Route.AUTO_APPROVE and why_wrong(case, result):
        return False
    return is_right(case, result)


def why_wrong(case: Case, result: Result) -> str:
    """Return why an auto-approval of this case would be wrong, empty when right."""
    expected = case.expected
    if expected.decision == "reject":
        return "should be rejected"
    if expected.needs_human:
        return "needs a person"
    published = _all_text(result.standardised)
    for text in expected.must_not_contain:
        if text.casefold() in published:
            return "a text that must go is still there"
    missing = {code for code in expected.policy_codes if code.startswith("P-")} - set(
        result.model_clauses
    )
    if missing:
        return f"a required fix is missing: {', '.join(sorted(missing))}"
    return ""


def field_hits(case: Case, result: Result) -> dict[str, bool]:
    """Return, for each labelled field, whether the published value is the label's."""
    expected = case.expected
    if expected.decision == "reject" or result.route == REFUSED:
        return {}
    hits = {
        name: (result.standardised.get(name) or None) == (value or None)
        for name, value in expected.fields.items()
    }
    if expected.condition_in:
        hits["condition"] = (
            result.standardised.get("condition") in expected.condition_in
        )
    named = {code for code in result.clauses if code.startswith("Q-")}
    wanted = {code for code in expected.policy_codes if code.startswith("Q-")}
    hits["quality_codes"] = named == wanted
    return hits


def summarise(cases: Sequence[Case], results: Mapping[str, Result]) -> dict[str, Any]:
    """Return the figures of a run; every case must have its result.

    Raises:
        KeyError: a case has no result.
    """
    pairs = [(case, results[case.id]) for case in cases]
    live = [(c, r) for c, r in pairs if r.route == Route.AUTO_APPROVE]
    wrong = [(c, r) for c, r in live if why_wrong(c, r)]
    approvable = [(c, r) for c, r in pairs if c.expected.is_approvable]
    bad = [(c, r) for c, r in pairs if not c.expected.is_approvable]
    return {
        "cases": len(pairs),
        "refused": sum(r.route == REFUSED for _, r in pairs),
        "auto_approved": len(live),
        "auto_approved_wrong": len(wrong),
        "false_approval_rate": _share(len(wrong), len(live)),
        "false_approval_upper95": upper_bound(len(wrong), len(live)),
        "approvable": len(approvable),
        "approvable_auto_approved": sum(
            r.route == Route.AUTO_APPROVE for _, r in approvable
        ),
        "bad": len(bad),
        "bad_auto_approved": sum(r.route == Route.AUTO_APPROVE for _, r in bad),
        "needs_human": sum(c.expected.needs_human for c, _ in pairs),
        "needs_human_auto_approved": sum(c.expected.needs_human for c, _ in live),
        "decision_accuracy": _share(sum(is_right(c, r) for c, r in pairs), len(pairs)),
        "clause_recall": clause_recall(pairs),
        "field_exact": field_exact(pairs),
        "ece": expected_calibration_error(
            [
                (r.calibrated_confidence, not why_wrong(c, r))
                for c, r in pairs
                if r.calibrated_confidence is not None
            ]
        ),
        "failures": sum(r.failure is not None for _, r in pairs),
        "cost_microusd": sum(r.cost_microusd for _, r in pairs),
        "weighted_wrong": {
            f"{int(share * 100)}%": weighted_wrong(pairs, share)
            for share in (0.02, 0.05, 0.10)
        },
        "by_origin": {
            origin: _origin_figures([p for p in pairs if p[0].origin == origin])
            for origin in sorted({c.origin for c, _ in pairs if c.origin})
        },
    }


def clause_recall(pairs: Sequence[tuple[Case, Result]]) -> float:
    """Return the share of labelled P sections that were named, over all cases."""
    wanted = found = 0
    for case, result in pairs:
        if result.route == REFUSED:
            continue
        codes = {c for c in case.expected.policy_codes if c.startswith("P-")}
        wanted += len(codes)
        found += len(codes & set(result.model_clauses))
    return _share(found, wanted)


def field_exact(pairs: Sequence[tuple[Case, Result]]) -> dict[str, float]:
    """Return the share of exact values by field; "all" is over all labelled fields."""
    totals: dict[str, list[bool]] = {}
    for case, result in pairs:
        for name, hit in field_hits(case, result).items():
            totals.setdefault(name, []).append(hit)
            if name != "quality_codes":
                totals.setdefault("all", []).append(hit)
    return {name: _share(sum(hits), len(hits)) for name, hits in sorted(totals.items())}


def weighted_wrong(pairs: Sequence[tuple[Case, Result]], bad_share: float) -> float:
    """Return the share of wrong ones among approvals at a given share of bad traffic.

    The labelled mix is made for coverage, half of it violations; real traffic
    is not. Approvable rows that are published wrongly count with their class.
    """
    good = [(c, r) for c, r in pairs if c.expected.is_approvable]
    bad = [(c, r) for c, r in pairs if not c.expected.is_approvable]
    if not good or not bad:
        return 0.0

    def share(rows: Sequence[tuple[Case, Result]], *, wrong: bool | None) -> float:
        hits = [
            r
            for c, r in rows
            if r.route == Route.AUTO_APPROVE
            and (wrong is None or bool(why_wrong(c, r)) == wrong)
        ]
        return len(hits) / len(rows)

    wrong = bad_share * share(bad, wrong=None) + (1 - bad_share) * share(
        good, wrong=True
    )
    live = bad_share * share(bad, wrong=None) + (1 - bad_share) * share(
        good, wrong=None
    )
    return wrong / live if live else 0.0


def _origin_figures(pairs: Sequence[tuple[Case, Result]]) -> dict[str, int]:
    live = [(c, r) for c, r in pairs if r.route == Route.AUTO_APPROVE]
    return {
        "cases": len(pairs),
        "auto_approved": len(live),
        "auto_approved_wrong": sum(bool(why_wrong(c, r)) for c, r in live),
        "approvable": sum(c.expected.is_approvable for c, _ in pairs),
        "approvable_auto_approved": sum(c.expected.is_approvable for c, _ in live),
    }


def _all_text(published: Mapping[str, Any]) -> str:
    parts: list[str] = []
    for value in published.values():
        if isinstance(value, Mapping):
            parts += [f"{name} {text}" for name, text in value.items()]
        elif isinstance(value, str):
            parts.append(value)
        elif isinstance(value, Sequence):
            parts += [str(item) for item in value]
    return "\n".join(parts).casefold()


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
