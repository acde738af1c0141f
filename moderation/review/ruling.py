"""What a moderator wants to decide, turned into a ruling or a list of every problem.

Stores nothing. Which outcomes need a clause, how long words may be, and whose words a
clause rests on is settled here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moderation.content import Content, Problem
from moderation.decisions import Ruling
from moderation.models import Assessment, ReviewTask, Submission
from moderation.retrieval.policies import clauses_by_code, current_policy
from moderation.review.corrections import corrected
from moderation.states import Outcome

MAX_STATEMENT = 4000


class InvalidDecisionError(Exception):
    """The decision lacks something; every problem is named."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in problems))


def ruling_of(
    task: ReviewTask,
    shown: Content,
    outcome: Outcome,
    clauses: Sequence[str | Mapping[str, str]],
    corrections: Mapping[str, Any],
    statement: str,
    note: str,
) -> tuple[Ruling, Content]:
    """Return what is decided and the content it speaks of, or name every problem.

    Raises:
        InvalidDecisionError.
    """
    submission = task.submission
    approved = outcome == Outcome.APPROVED
    published, problems = corrected(shown, corrections)
    grounds, more = _grounds(clauses, outcome, task.assessment, submission)
    problems = [*problems, *more]
    if corrections and not approved:
        problems.append(
            Problem(
                "corrections",
                "not_published",
                "Corrections go with an approval; say in the statement what "
                "the merchant should change.",
            )
        )
    problems += [
        Problem(name, "too_long", f"Keep it under {MAX_STATEMENT:,} characters.")
        for name, text in (("statement", statement), ("note", note))
        if len(text) > MAX_STATEMENT
    ]
    if problems:
        raise InvalidDecisionError(problems)
    ruling = Ruling(
        outcome=outcome,
        clauses=grounds,
        published=published.as_dict() if approved else None,
        requests=submission.requests if approved else (),
        statement=statement.strip(),
        private_note=note.strip(),
    )
    return ruling, published if approved else shown


def _grounds(
    clauses: Sequence[str | Mapping[str, str]],
    outcome: Outcome,
    assessment: Assessment | None,
    submission: Submission,
) -> tuple[list[dict[str, str]], list[Problem]]:
    """Return the named clauses, each with the merchant's words where known."""
    known = clauses_by_code(
        assessment.pipeline.policy_id if assessment else current_policy().pk
    )
    found = {item["code"]: item for item in (assessment.clauses if assessment else ())}
    changes = {item["code"]: item for item in submission.changes}
    grounds: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for item in clauses:
        given = {"code": item} if isinstance(item, str) else dict(item)
        code = given.get("code", "").strip().upper()
        if code not in known:
            problems.append(
                Problem(
                    "clauses",
                    "unknown_clause",
                    f"{code or 'An empty code'} is no clause of the policy.",
                )
            )
            continue
        source = found.get(code, {})
        quote = given.get("quote") or source.get("quote") or ""
        if not quote and code in changes:
            quote = changes[code].get("before", "")[:200]
        grounds[code] = {
            "code": code,
            "field": given.get("field") or source.get("field") or "listing",
            "quote": quote,
        }
    if outcome != Outcome.APPROVED and not grounds and not problems:
        problems.append(
            Problem(
                "clauses",
                "required",
                "Name at least one clause: the merchant must know the reason.",
            )
        )
    return list(grounds.values()), problems
