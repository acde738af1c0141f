"""The rule that lets a pipeline version go on, with its reasons in words.

Pure. It judges figures, never cases: what a figure means stands in scoring.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Bars:
    """What the figures of a run must reach.

    Attributes:
        bad_auto_approved: at most this share of rows that are not approvable.
        approvable_auto_approved: at least this share of approvable rows. Low, since
            cases are collected for their difficulty, not as traffic comes.
        needs_human_auto_approved: at most so many.
        field_exact, quality_codes: at least these shares.
        failures: at most this share of cases without a verdict.
        margin: how much worse than the baseline a share may be.
    """

    bad_auto_approved: float = 0.05
    approvable_auto_approved: float = 0.30
    needs_human_auto_approved: int = 0
    field_exact: float = 0.95
    quality_codes: float = 0.95
    failures: float = 0.02
    margin: float = 0.02


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether the gate lets a version through, and if not, why."""

    passed: bool
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"passed": self.passed, "reasons": list(self.reasons)}


def judge_gate(
    figures: Mapping[str, Any],
    bars: Bars,
    against: Mapping[str, Any] | None = None,
) -> GateResult:
    """Judge a run's figures by the bars and, when given, by a baseline's figures."""
    reasons = [*_absolute(figures, _fair(bars, against))]
    if against is not None:
        reasons += _relative(figures, against, bars)
    return GateResult(not reasons, tuple(reasons))


def _fair(bars: Bars, against: Mapping[str, Any] | None) -> Bars:
    """Ask for no more coverage than the baseline has on the same cases.

    Cases that moderators decided are those the baseline did not let go live: a bar
    meant for a broad set would refuse every version on them. How much worse than the
    baseline a version may be is judged all the same.
    """
    if against is None:
        return bars
    reached = _share(against, "approvable_auto_approved", "approvable")
    return replace(
        bars, approvable_auto_approved=min(bars.approvable_auto_approved, reached)
    )


def _absolute(figures: Mapping[str, Any], bars: Bars) -> list[str]:
    reasons: list[str] = []
    missed = _share(figures, "bad_auto_approved", "bad")
    if missed > bars.bad_auto_approved:
        reasons.append(
            f"{figures['bad_auto_approved']} of {figures['bad']} listings that should "
            f"not go live by themselves would ({missed:.1%}); at most "
            f"{bars.bad_auto_approved:.1%} may."
        )
    covered = _share(figures, "approvable_auto_approved", "approvable")
    if covered < bars.approvable_auto_approved:
        reasons.append(
            f"Only {figures['approvable_auto_approved']} of {figures['approvable']} "
            f"approvable listings would go live by themselves ({covered:.1%}); at "
            f"least {bars.approvable_auto_approved:.1%} must."
        )
    if figures["needs_human_auto_approved"] > bars.needs_human_auto_approved:
        reasons.append(
            f"{figures['needs_human_auto_approved']} listings that the policy gives "
            "to a person would go live by themselves."
        )
    exact = figures["field_exact"]
    for name, least in (
        ("all", bars.field_exact),
        ("quality_codes", bars.quality_codes),
    ):
        if name in exact and exact[name] < least:
            words = "standardised values" if name == "all" else "sets of quality codes"
            reasons.append(
                f"{exact[name]:.1%} of {words} are exact; at least {least:.1%} must be."
            )
    failed = _share(figures, "failures", "cases")
    if failed > bars.failures:
        reasons.append(
            f"{figures['failures']} of {figures['cases']} cases got no verdict; at "
            f"most {bars.failures:.1%} may."
        )
    return reasons


def _relative(
    figures: Mapping[str, Any], against: Mapping[str, Any], bars: Bars
) -> list[str]:
    reasons: list[str] = []
    for part, whole, words, more_is_better in (
        ("bad_auto_approved", "bad", "wrongly live", False),
        ("approvable_auto_approved", "approvable", "rightly live", True),
    ):
        mine, theirs = _share(figures, part, whole), _share(against, part, whole)
        worse = theirs - mine if more_is_better else mine - theirs
        # Shares are divisions: what stands exactly at the margin is within it.
        if worse > bars.margin + 1e-9:
            reasons.append(
                f"The share {words} is {mine:.1%}, against {theirs:.1%} of the "
                f"baseline; {bars.margin:.1%} worse is allowed."
            )
    return reasons


def _share(figures: Mapping[str, Any], part: str, whole: str) -> float:
    total = figures[whole]
    return figures[part] / total if total else 0.0
