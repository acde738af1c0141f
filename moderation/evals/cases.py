"""Labelled cases from JSONL: one input, the expected outcome, where it comes from.

Pure. Refuses a malformed file by line; never guesses a label.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderation.intake.sanitize import storable

DECISIONS = ("approve", "approve_with_fixes", "reject")


class DatasetError(ValueError):
    """A dataset file cannot be read; the message names the line and the remedy."""


_LISTS = ("policy_codes", "must_not_contain", "condition_in")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a correct reviewer decides.

    Attributes:
        decision: approve, approve_with_fixes or reject.
        policy_codes: sections that call for an action.
        needs_human: the policy wants a person; a machine's approval is wrong.
        fields: standardised values, where there is one right value.
        must_not_contain: strings that must be gone from what is published.
        condition_in: accepted conditions where several fit.
    """

    decision: str
    policy_codes: frozenset[str] = frozenset()
    needs_human: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    must_not_contain: tuple[str, ...] = ()
    condition_in: tuple[str, ...] = ()

    @property
    def is_approvable(self) -> bool:
        """Whether a machine's approval would be right."""
        return self.decision != "reject" and not self.needs_human


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled listing; `label` is what was expected, as it was written."""

    id: str
    listing: Mapping[str, Any]
    expected: Expected
    origin: str = ""
    difficulty: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    rationale: str = ""
    label: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Cases with the hash of the bytes they were read from."""

    name: str
    sha256: str
    cases: tuple[Case, ...]


def read_dataset(path: Path) -> Dataset:
    """Read labelled JSONL as data/README.md describes it.

    Raises:
        DatasetError: the file or a line cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    cases: list[Case] = []
    seen: set[str] = set()
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        case = parse_case(line, f"{path.name}, line {number}")
        if case.id in seen:
            raise DatasetError(f"{path.name}, line {number}: {case.id} stands twice.")
        seen.add(case.id)
        cases.append(case)
    if not cases:
        raise DatasetError(f"{path.name} has no cases.")
    return Dataset(path.stem, hashlib.sha256(data).hexdigest(), tuple(cases))


def parse_case(line: bytes | str, where: str) -> Case:
    """Read one labelled case.

    Raises:
        DatasetError: naming `where`, what is wrong and how it should read.
    """
    try:
        row = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: not JSON ({error}).") from error
    if not isinstance(row, dict) or not isinstance(row.get("listing"), dict):
        raise DatasetError(f"{where}: needs an object with a listing in it.")
    return case_of(_storable(row), where)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _storable(value: Any) -> Any:
    """Return JSON data without characters that no database holds, such as NUL."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): _storable(item) for name, item in value.items()}
    return value


def case_of(row: Mapping[str, Any], where: str) -> Case:
    """Return a labelled case from parsed JSON.

    Raises:
        DatasetError: naming `where` and how the label should read.
    """
    label = row.get("expected")
    if not isinstance(label, dict) or label.get("decision") not in DECISIONS:
        raise DatasetError(
            f"{where}: expected.decision must be one of {', '.join(DECISIONS)}."
        )
    for name, kind in (("fields", dict), *((name, list) for name in _LISTS)):
        if not isinstance(label.get(name) or kind(), kind):
            words = "an object" if kind is dict else "a list of texts"
            raise DatasetError(f"{where}: expected.{name} must be {words}.")
    lists = [*(label.get(name) or [] for name in _LISTS), row.get("tags") or []]
    if not all(
        isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        for texts in lists
    ):
        raise DatasetError(f"{where}: {', '.join(_LISTS)} and tags are lists of texts.")
    return Case(
        id=str(row.get("id") or row["listing"].get("external_id") or where),
        listing=row["listing"],
        expected=Expected(
            decision=label["decision"],
            policy_codes=frozenset(label.get("policy_codes") or ()),
            needs_human=bool(label.get("needs_human")),
            fields=label.get("fields") or {},
            must_not_contain=tuple(label.get("must_not_contain") or ()),
            condition_in=tuple(label.get("condition_in") or ()),
        ),
        label=label,
        origin=str(row.get("origin") or ""),
        difficulty=str(row.get("difficulty") or ""),
        language=str(row.get("language") or row["listing"].get("language") or ""),
        rationale=str(row.get("rationale") or ""),
        tags=tuple(row.get("tags") or ()),
    )
