"""Whether a listing may be stored: sanitised, validated, standardised, or refused.

Pure: the same answer for the same words, whoever sends them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from moderation.content import Change, Content, Problem
from moderation.intake.sanitize import sanitize
from moderation.intake.validate import all_problems, validate
from moderation.standardise.standard import Standardised

Unknown = Literal["refuse", "ignore"]


class RefusedError(Exception):
    """The listing never becomes a submission; every problem is named."""

    def __init__(self, problems: tuple[Problem, ...], ignored: tuple[str, ...] = ()):
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems
        self.ignored = ignored


@dataclass(frozen=True, slots=True)
class Checked:
    """A listing that may be stored: what was sent and what the rules made of it."""

    external_id: str
    content: Content
    standardised: Standardised
    changes: tuple[Change, ...]
    ignored: tuple[str, ...]


def check(data: object, *, unknown: Unknown = "refuse") -> Checked:
    """Sanitise, validate and standardise; store nothing.

    Args:
        data: what the merchant sent, as parsed JSON.
        unknown: "refuse" unknown fields or "ignore" them.

    Raises:
        RefusedError: with every problem of every field.
    """
    cleaned: tuple[Change, ...] = ()
    if isinstance(data, Mapping):
        data, cleaned = sanitize(data)
    validated = validate(data, unknown=unknown)
    problems, standardised = all_problems(validated)
    if standardised is None or validated.content is None:
        raise RefusedError(problems, validated.ignored)
    return Checked(
        validated.external_id,
        validated.content,
        standardised,
        (*cleaned, *standardised.changes),
        validated.ignored,
    )
