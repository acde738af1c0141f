"""What the merchant reads: status, statement of reasons, and the diff.

Composed from codes and templates, never from a model's raw words, so that
neither a prompt nor an injected text can reach the merchant through it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from moderation.content import FIELDS
from moderation.models import Decision, Policy, PolicyClause, Submission
from moderation.retrieval.policies import clauses_by_code, current_policy
from moderation.states import DecidedBy, Outcome, SubmissionState

# What a merchant is told where the machine asks a person, whatever the reason:
# the exact reason would tell an abuser which rule to dodge.
PUBLIC_REASONS = {
    SubmissionState.RECEIVED: "We have your listing and will read it shortly.",
    SubmissionState.ASSESSING: "We are reading your listing now.",
    SubmissionState.IN_REVIEW: "A person reads your listing. There is nothing to do.",
    SubmissionState.WITHDRAWN: "This version was taken back or replaced.",
}
OUTCOME_WORDS = {
    Outcome.APPROVED: "Your listing is live.",
    Outcome.CHANGES_NEEDED: "Your listing can go live after the changes listed.",
    Outcome.REJECTED: "Your listing was not accepted.",
}
WHO_DECIDED = {
    DecidedBy.MACHINE: "An automated check decided.",
    DecidedBy.PERSON: "A person decided.",
}


def wire_status(
    submission: Submission, decision: Decision | None, now: datetime
) -> str:
    """Return the status the outside sees.

    A person's decision is still `in_review` until its undo window has passed.
    """
    if submission.state != SubmissionState.DECIDED:
        return str(submission.state)
    if decision is None or decision.effective_at > now:
        return str(SubmissionState.IN_REVIEW)
    return str(decision.outcome)


def status_reason(
    submission: Submission, decision: Decision | None, now: datetime
) -> str:
    """Return one public sentence that says where the submission stands."""
    status = wire_status(submission, decision, now)
    if decision is not None and status in OUTCOME_WORDS:
        return summary_of(decision)
    return PUBLIC_REASONS[SubmissionState(status)]


def summary_of(decision: Decision) -> str:
    """Return the outcome and who decided, in two short sentences."""
    outcome = OUTCOME_WORDS[Outcome(decision.outcome)]
    return f"{outcome} {WHO_DECIDED[DecidedBy(decision.decided_by)]}"


def clauses_of(decision: Decision) -> Mapping[str, PolicyClause]:
    """Return the clauses by code, as the policy read that a decision rests on."""
    if not decision.clauses:
        return {}
    if decision.pipeline is not None:
        return clauses_by_code(decision.pipeline.policy_id)
    try:
        return clauses_by_code(current_policy().pk)
    except Policy.DoesNotExist:
        return {}


def appeal_until(decision: Decision) -> datetime | None:
    """Return until when a merchant may appeal; None where nothing was refused."""
    if decision.outcome == Outcome.APPROVED:
        return None
    return decision.effective_at + APPEAL_WITHIN


def statement_of(
    decision: Decision, clauses: Mapping[str, PolicyClause]
) -> dict[str, Any]:
    """Return the statement of reasons for a decision.

    Args:
        decision: the decision to explain.
        clauses: the policy's clauses by code.

    Returns:
        outcome, decided_by, decided_at, summary; whether automated means found it
        (automated_detection) and whether they decided it (automated_decision,
        also as `automated`); facts in sentences, grounds (clause, title, field,
        quote, rule), requests, note, appeal and appeal_until. Each ground quotes
        the merchant's own words.
        Source: Regulation (EU) 2022/2065 (DSA), article 17.
    """
    grounds = [_ground(item, clauses.get(item["code"])) for item in decision.clauses]
    by_machine = decision.decided_by == DecidedBy.MACHINE
    until = appeal_until(decision)
    return {
        "outcome": str(decision.outcome),
        "decided_by": str(decision.decided_by),
        "automated": by_machine,
        "automated_detection": decision.assessment_id is not None,
        "automated_decision": by_machine,
        "decided_at": decision.decided_at.isoformat(),
        "summary": summary_of(decision),
        "facts": [_fact(ground) for ground in grounds],
        "grounds": grounds,
        "requests": list(decision.requests),
        "note": decision.statement,
        "appeal": APPEAL_WORDS if until else "",
        "appeal_until": until.astimezone(UTC).isoformat(timespec="seconds")
        if until
        else None,
    }


def _ground(item: Mapping[str, Any], clause: PolicyClause | None) -> dict[str, str]:
    return {
        "clause": item["code"],
        "title": clause.title if clause else item["code"],
        "field": item.get("field", ""),
        "quote": item.get("quote", ""),
        "rule": clause.text if clause else "",
    }


def _fact(ground: Mapping[str, str]) -> str:
    """Return one ground in a sentence: where, which words, under which clause."""
    field = ground["field"].replace("_", " ") or "listing"
    named = f"{ground['clause']}, {ground['title']}"
    if ground["quote"]:
        return f"The {field} says \u201c{ground['quote']}\u201d; see {named}."
    return f"The {field} does not keep to {named}."


# Six months at least: Regulation (EU) 2022/2065 (DSA), article 20.
APPEAL_WITHIN = timedelta(days=183)
APPEAL_WORDS = (
    "Appeal once for each version, on the listing's page or with POST "
    "/api/v1/listings/{id}/appeal; another person looks again. You can also send a "
    "corrected version at any time; it is read afresh."
)


def diff_of(
    submission: Submission,
    published: Mapping[str, Any] | None,
    clauses: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return what changed from the merchant's words to what is published.

    Args:
        submission: the version that was sent.
        published: what a decision publishes; else the tidied content is taken.
        clauses: the decision's clauses, which name changes beyond tidying.

    Returns:
        One entry a changed field: field, before, after, codes (of the rules
        that changed it).
    """
    raw = submission.raw or {}
    after = published or submission.tidied or {}
    codes: dict[str, list[str]] = {}
    for item in (*submission.changes, *clauses):
        codes.setdefault(item["field"], [])
        if item["code"] not in codes[item["field"]]:
            codes[item["field"]].append(item["code"])
    entries = []
    for field in FIELDS:
        before_value, after_value = raw.get(field), after.get(field)
        if (before_value or after_value) and before_value != after_value:
            entries.append(
                {
                    "field": field,
                    "before": before_value,
                    "after": after_value,
                    "codes": codes.get(field, []),
                }
            )
    return entries
