"""How right a run was part by part: class, clause, field, origin, language, difficulty.

Pure. Each part is k of n with a Wilson interval; below FEW cases it says too little.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from moderation.evals.cases import Case
from moderation.evals.intervals import wilson
from moderation.evals.scoring import (
    REFUSED,
    Result,
    field_hits,
    is_right,
    why_wrong,
)
from moderation.states import Route

FEW = 30
Pair = tuple[Case, Result]
CLASSES = (
    ("approve", "Approve"),
    ("approve_with_fixes", "Approve with fixes"),
    ("needs_human", "A person decides"),
    ("reject", "Reject"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a table: k of n, its share and the share's 95% interval.

    Attributes:
        name: a code, a field, a class.
        live, wrong: auto-approved, and wrongly so; for classes.
        alarms, free: named without the label, of so many without it; for clauses.
    """

    name: str
    k: int
    n: int
    rate: float
    lower: float
    upper: float
    is_few: bool
    live: int = 0
    wrong: int = 0
    alarms: int = 0
    free: int = 0


def breakdown(pairs: Sequence[Pair]) -> dict[str, list[dict[str, Any]]]:
    """Return every table of a run, JSON-ready."""
    tables = {
        "classes": _classes(pairs),
        "clauses": _clauses(pairs),
        "fields": _fields(pairs),
        "origins": _by(pairs, lambda case: case.origin),
        "languages": _by(pairs, lambda case: case.language),
        "difficulties": _by(pairs, lambda case: case.difficulty),
    }
    return {name: [asdict(part) for part in parts] for name, parts in tables.items()}


def part(name: str, k: int, n: int, **more: int) -> Part:
    """Return one line of a table."""
    lower, upper = wilson(k, n)
    return Part(name, k, n, k / n if n else 0.0, lower, upper, n < FEW, **more)


def class_of(case: Case) -> str:
    """Return the class a label belongs to; what a person must see is its own."""
    if case.expected.needs_human and case.expected.decision != "reject":
        return "needs_human"
    return case.expected.decision


def _classes(pairs: Sequence[Pair]) -> list[Part]:
    return [
        _rights(name, [p for p in pairs if class_of(p[0]) == name])
        for name, _ in CLASSES
        if any(class_of(case) == name for case, _ in pairs)
    ]


def _rights(name: str, pairs: Sequence[Pair]) -> Part:
    live = [(c, r) for c, r in pairs if r.route == Route.AUTO_APPROVE]
    return part(
        name,
        sum(is_right(c, r) for c, r in pairs),
        len(pairs),
        live=len(live),
        wrong=sum(bool(why_wrong(c, r)) for c, r in live),
    )


def _by(pairs: Sequence[Pair], key: Callable[[Case], str]) -> list[Part]:
    names = sorted({key(case) for case, _ in pairs if key(case)})
    return [_rights(name, [p for p in pairs if key(p[0]) == name]) for name in names]


def _clauses(pairs: Sequence[Pair]) -> list[Part]:
    """Return each labelled or named P clause: how often found, how often for nothing.

    What intake refused never reached the model, so it says nothing about clauses.
    """
    seen = [(c, r) for c, r in pairs if r.route != REFUSED]
    wanted = [(_policy(c.expected.policy_codes), _policy(r.clauses)) for c, r in seen]
    codes = sorted({code for label, named in wanted for code in label | named})
    found = []
    for code in codes:
        labelled = [named for label, named in wanted if code in label]
        others = [named for label, named in wanted if code not in label]
        hits = sum(code in named for named in labelled)
        alarms = sum(code in named for named in others)
        more = {"alarms": alarms, "free": len(others)}
        found.append(part(code, hits, len(labelled), **more))
    return sorted(found, key=lambda row: (-row.n, row.name))


def _fields(pairs: Sequence[Pair]) -> list[Part]:
    totals: dict[str, list[bool]] = {}
    for case, result in pairs:
        for name, hit in field_hits(case, result).items():
            totals.setdefault(name, []).append(hit)
    return [part(name, sum(h), len(h)) for name, h in sorted(totals.items())]


def _policy(codes: Iterable[str]) -> set[str]:
    return {code for code in codes if code.startswith("P-")}
