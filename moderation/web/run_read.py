"""What a run's page shows: numbers, tables with their intervals, cases opened.

Reads stored rows; nothing is scored here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from moderation.models import EvalDatasetCase, EvalResult, EvalRun
from moderation.review.fields import LABELS
from moderation.web.evals_read import DECISIONS, title_of

CASES_LISTED = 60
CLASS_NAMES = {
    "approve": "Approve",
    "approve_with_fixes": "Approve with fixes",
    "needs_human": "A person decides",
    "reject": "Reject",
}
FIELD_NAMES = {**LABELS, "quality_codes": "Quality rules named"}
LISTS = (
    ("broken", "Newly broken"),
    ("mended", "Newly right"),
    ("both", "Wrong in both"),
    ("wrong", "All wrong"),
)
WIDTH = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: k of n with its interval drawn on 200 x 22."""

    name: str
    title: str
    k: int
    n: int
    share: str
    tone: str
    x1: float
    x2: float
    dot: float
    before: float | None
    change: int | None
    row: Mapping[str, Any]

    @property
    def change_words(self) -> str:
        """Return the change with its sign."""
        if self.change is None:
            return ""
        return (
            f"{self.change:+d}".replace("-", "\N{MINUS SIGN}") if self.change else "0"
        )


@dataclass(frozen=True, slots=True)
class Table:
    """Lines with their common axis, from `low` percent to 100."""

    lines: tuple[Line, ...]
    low: int


@dataclass(frozen=True, slots=True)
class Number:
    """One of the four numbers: k of n, the bound, the baseline's."""

    name: str
    k: int
    n: int
    remark: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A case in a run's list: what was expected and what came."""

    key: int
    number: int
    title: str
    expected: str
    got: str
    codes: tuple[str, ...]


def said_of(result: EvalResult) -> str:
    """Return what a result amounts to in a word: the verdict, refused, no answer."""
    if result.route == "refused":
        return "refused at intake"
    return str(result.verdict or result.scores.get("failure") or "no answer")


def effect_of(result: EvalResult) -> str:
    """Return what would have become of the listing."""
    if result.route == "auto_approve":
        wrong = result.scores.get("wrong")
        return f"live by itself, wrongly: {wrong}" if wrong else "live by itself"
    if result.route == "refused":
        return "refused at intake, with the reason"
    return "sent to a person; nothing wrong went live"


def numbers(run: EvalRun) -> tuple[Number, ...]:
    """Return the four numbers of a scored run."""
    mine = run.summary["figures"]
    theirs = run.against.summary["figures"] if run.against else None
    name = run.against.pipeline.name if run.against else ""
    people = mine["needs_human_auto_approved"]
    right = round(mine["decision_accuracy"] * mine["cases"])
    paired = run.summary.get("paired")
    moved = (
        f", {len(paired['mended'])} better and {len(paired['broken'])} worse"
        if paired
        else ""
    )

    def beside(words: str) -> str:
        return f" {name}: {words}." if theirs else ""

    return (
        Number(
            "Wrong among auto-approved",
            mine["auto_approved_wrong"],
            mine["auto_approved"],
            f"{_share(mine['auto_approved_wrong'], mine['auto_approved'])}, at most "
            f"{mine['false_approval_upper95']:.1%}."
            + beside(
                f"{theirs['auto_approved_wrong']} of {theirs['auto_approved']:,}"
                if theirs
                else ""
            ),
        ),
        Number(
            "Approvable that went live",
            mine["approvable_auto_approved"],
            mine["approvable"],
            f"{_share(mine['approvable_auto_approved'], mine['approvable'])}."
            + beside(
                _share(theirs["approvable_auto_approved"], theirs["approvable"])
                if theirs
                else ""
            ),
        ),
        Number(
            "Needed a person, went live",
            people,
            mine["needs_human"],
            "None may."
            + beside(str(theirs["needs_human_auto_approved"]) if theirs else ""),
        ),
        Number(
            "Decision right",
            right,
            mine["cases"],
            f"{mine['decision_accuracy']:.1%}."
            + beside(f"{theirs['decision_accuracy']:.1%}{moved}" if theirs else ""),
        ),
    )


def table(run: EvalRun, kind: str, titles: Mapping[str, str] | None = None) -> Table:
    """Return one table of a scored run, beside its baseline's where there is one."""
    rows: Sequence[Mapping[str, Any]] = run.summary["tables"][kind]
    against = run.against.summary["tables"][kind] if run.against else []
    before = {row["name"]: row for row in against}
    firm = [row["lower"] for row in rows if not row["is_few"] and row["n"]]
    low = int(min(firm, default=0.0) * 10) * 10
    return Table(
        tuple(_line(row, before.get(row["name"]), low, titles or {}) for row in rows),
        low,
    )


def _line(
    row: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    low: int,
    titles: Mapping[str, str],
) -> Line:
    change = row["k"] - before["k"] if before else None
    tone = "few" if row["is_few"] else "worse" if (change or 0) < 0 else "fine"
    return Line(
        name=row["name"],
        title=titles.get(row["name"], ""),
        k=row["k"],
        n=row["n"],
        share=_share(row["k"], row["n"]) if row["n"] else "",
        tone=tone,
        x1=_x(row["lower"], low),
        x2=_x(row["upper"], low),
        dot=max(0.0, _x(row["rate"], low) - 3),
        before=_x(before["rate"], low) if before else None,
        change=change,
        row=row,
    )


def _x(share: float, low: int) -> float:
    scaled = (share * 100 - low) / (100 - low) if low < 100 else 1.0
    return round(min(1.0, max(0.0, scaled)) * WIDTH, 1)


def lists_of(run: EvalRun) -> dict[str, int]:
    """Return how many cases each list of a scored run has."""
    paired = run.summary.get("paired", {})
    wrong = run.results.filter(scores__right=False).count()
    found = {"wrong": wrong}
    if paired:
        found |= {
            "broken": len(paired["broken"]),
            "mended": len(paired["mended"]),
            "both": len(paired["both_wrong"]),
        }
    return found


def listed(run: EvalRun, which: str) -> list[Listed]:
    """Return the first cases of one list of a scored run."""
    paired = run.summary.get("paired", {})
    found = run.results.select_related("case", "case__case").order_by(
        "-is_wrong_auto_approval", "case__position"
    )
    if which == "wrong":
        found = found.filter(scores__right=False)
    else:
        keys = paired.get("both_wrong" if which == "both" else which, [])
        found = found.filter(case__in=keys[:CASES_LISTED])
    return [_listed(row) for row in found[:CASES_LISTED]]


def _listed(row: EvalResult) -> Listed:
    expected = row.case.expected
    return Listed(
        key=row.case_id,
        number=row.case.case_id,
        title=title_of(row.case.listing),
        expected=DECISIONS[expected["decision"]],
        got=said_of(row),
        codes=tuple(row.scores.get("model_clauses", ())),
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """One case of a run, opened: expected beside got, row by row."""

    entry: EvalDatasetCase
    result: EvalResult
    title: str
    rows: tuple[tuple[str, str, str, bool], ...]
    quotes: tuple[str, ...]
    said: tuple[Mapping[str, str], ...]
    doubt: str


def opened(run: EvalRun, key: int) -> Opened | None:
    """Return a case of a run with what came of it, None when it has none."""
    result = (
        run.results.select_related(
            "case__case__decision__moderator", "case__case__merchant"
        )
        .filter(case_id=key)
        .first()
    )
    if result is None:
        return None
    entry, scores = result.case, result.scores
    expected = entry.expected
    said = tuple(scores.get("said", ()))
    return Opened(
        entry=entry,
        result=result,
        title=title_of(entry.listing),
        rows=tuple(_rows(expected, result)),
        quotes=tuple(item.get("quote", "") for item in said),
        said=said,
        doubt=scores.get("doubt", ""),
    )


def _rows(
    expected: Mapping[str, Any], result: EvalResult
) -> list[tuple[str, str, str, bool]]:
    """Return field, expected, got and whether they agree, the decision first."""
    scores = result.scores
    wanted = DECISIONS[expected["decision"]]
    person = ", by a person" if expected.get("needs_human") else ""
    rows = [("Decision", wanted + person, said_of(result), bool(scores.get("right")))]
    codes = sorted(expected.get("policy_codes", ()))
    rows.append(
        (
            "Clauses",
            ", ".join(codes) or "none",
            ", ".join(result.clauses) or "none",
            set(codes) <= set(result.clauses) and (bool(codes) or not result.clauses),
        )
    )
    for name, hit in scores.get("fields", {}).items():
        if name in expected.get("fields", {}):
            want, got = expected["fields"][name], result.standardised.get(name)
            label = LABELS.get(name, name.capitalize())
            rows.append((label, str(want or "none"), str(got or "none"), hit))
    may_live = expected["decision"] != "reject" and not expected.get("needs_human")
    effect = "live by itself" if may_live else "kept for a person"
    live = result.route == "auto_approve"
    rows.append(("Effect", effect, effect_of(result), live == may_live))
    return rows


def progress_of(run: EvalRun) -> dict[str, int]:
    """Return how many results a run has and what they cost."""
    found = run.results.aggregate(
        done=Count("id"),
        cost=Sum("cost_microusd", default=0),
        wrong=Count("id", filter=Q(is_wrong_auto_approval=True)),
    )
    return {name: int(value or 0) for name, value in found.items()}


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
