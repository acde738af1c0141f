"""What the review screen shows of one task, read in few queries.

Decides what stands where: evidence, fields, clause, precedents, what was checked
by rules. Changes nothing; the verbs are queue.py and decide.py.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moderation.content import Content
from moderation.models import PolicyClause, ReviewTask
from moderation.retrieval.policies import clauses_by_code, current_policy
from moderation.review.decide import shown_content
from moderation.review.fields import Field, fields_of
from moderation.review.queue import QUEUES, Queue
from moderation.review.spot_checks import is_hidden, live_content
from moderation.states import ClauseAction

RANKED = 6
_CODE = re.compile(r"[PQ]-\d{2,3}")
# Guardrails in a moderator's words, and what to say where each holds.
CHECKS = (
    ("near_duplicate_of_rejection", "Copies of a rejected listing", "none"),
    ("price_anomaly", "Price for this category", "usual or unknown"),
    ("prohibited_terms", "Banned words", "none"),
    ("hidden_text", "Hidden characters", "none"),
    ("unsupported_language", "Language", "one we judge"),
    ("new_merchant", "First listings of a merchant", "no"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that code checked, not the model."""

    name: str
    words: str
    is_vetoed: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """One clause to reject under, with the words that it would rest on."""

    key: int
    clause: PolicyClause
    field: str
    quote: str
    source: str


@dataclass(frozen=True, slots=True)
class Screen:
    """One task as its page shows it."""

    task: ReviewTask
    queue: Queue | None
    raw: Content
    shown: Content
    fields: tuple[Field, ...]
    clause: PolicyClause | None
    clause_quotes: tuple[str, ...]
    quotes: tuple[str, ...]
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    fixes: tuple[dict[str, str], ...]
    is_blind: bool
    is_failure: bool
    policy_version: str

    @property
    def doubtful(self) -> tuple[Field, ...]:
        """Return the fields to settle before approving."""
        return tuple(field for field in self.fields if field.is_doubtful)

    @property
    def title(self) -> str:
        """Return the title as it would be published."""
        return self.shown.title or self.raw.title or "Untitled listing"

    @property
    def photos(self) -> int:
        """Return how many photos were sent; none is ever fetched by this page."""
        return len(self.raw.image_urls)


def screen_of(task: ReviewTask) -> Screen:
    """Read everything the page of a task shows about its listing."""
    submission, assessment = task.submission, task.assessment
    raw = Content.from_dict(submission.raw or {})
    tidied = Content.from_dict(submission.tidied or {})
    is_blind = is_hidden(task)
    seen = None if is_blind else assessment
    shown = live_content(task) or shown_content(submission, seen)
    findings: Sequence[dict[str, Any]] = seen.clauses if seen else []
    policy = seen.pipeline.policy if seen else current_policy()
    clauses = clauses_by_code(policy.pk)
    leading = _leading(findings, task, clauses)
    return Screen(
        task=task,
        queue=queue_of(task),
        raw=raw,
        shown=shown,
        fields=fields_of(
            raw=raw,
            tidied=tidied,
            shown=shown,
            findings=findings,
            confidence=seen.field_confidence if seen and seen.verdict else {},
            thresholds=seen.pipeline.field_thresholds if seen else {},
            asks={ask["field"]: ask["message"] for ask in submission.asks},
        ),
        clause=leading,
        clause_quotes=tuple(
            f["quote"] for f in findings if leading and f["code"] == leading.code
        ),
        quotes=tuple(f["quote"] for f in findings if f.get("quote")),
        reasons=_reasons(task),
        checks=_checks(seen.guardrails if seen else {}, task.reasons),
        fixes=tuple(f for f in findings if f.get("action") == ClauseAction.FIX),
        is_blind=is_blind,
        is_failure=bool(seen and seen.failure),
        policy_version=policy.version,
    )


def queue_of(task: ReviewTask) -> Queue | None:
    """Return the queue that a task waits in, None for a kind without one."""
    return next((q for q in QUEUES.values() if q.kind == task.kind), None)


def read_task(task_id: int) -> ReviewTask:
    """Return a task with all that its screen needs, in one query."""
    return ReviewTask.objects.select_related(
        "submission__listing", "assessment__pipeline__policy", "claimed_by", "about"
    ).get(pk=task_id)


def _leading(
    findings: Sequence[dict[str, Any]],
    task: ReviewTask,
    clauses: dict[str, PolicyClause],
) -> PolicyClause | None:
    """Return the clause that decides: a rejection before an ask before a fix."""
    rank = {ClauseAction.REJECT: 0, ClauseAction.ASK: 1, ClauseAction.FIX: 2}
    named = sorted(findings, key=lambda f: rank.get(f.get("action", ""), 3))
    codes = [f["code"] for f in named] + [task.clause] + _codes_in(task.reasons)
    return next((clauses[code] for code in codes if code in clauses), None)


def _codes_in(reasons: Sequence[dict[str, str]]) -> list[str]:
    text = " ".join(f"{r.get('code', '')} {r.get('message', '')}" for r in reasons)
    return list(dict.fromkeys(_CODE.findall(text)))


def _reasons(task: ReviewTask) -> tuple[str, ...]:
    words = (sentence(str(reason.get("message", ""))) for reason in task.reasons)
    return tuple(dict.fromkeys(word for word in words if word))


def sentence(words: str) -> str:
    """Return words as a sentence: a capital at the start, a full stop at the end."""
    words = words.strip()
    if not words:
        return ""
    end = "" if words[-1] in ".!?" else "."
    return f"{words[0].upper()}{words[1:]}{end}"


def _checks(
    guardrails: dict[str, Any], reasons: Sequence[dict[str, str]]
) -> tuple[Check, ...]:
    said = {r.get("code", ""): r.get("message", "") for r in reasons}
    return tuple(
        Check(
            label,
            said.get(name) or ("found" if guardrails[name] else holds),
            bool(guardrails[name]),
        )
        for name, label, holds in CHECKS
        if name in guardrails
    )


def ranked_clauses(screen: Screen, words: str = "") -> list[Ranked]:
    """Return the clauses to reject under, likeliest first, or what was searched for.

    Args:
        screen: the task's screen.
        words: letters of a code in order (P12 finds P-102), or words of a title.
    """
    task = screen.task
    assessment = None if screen.is_blind else task.assessment
    policy = assessment.pipeline.policy if assessment else current_policy()
    clauses = clauses_by_code(policy.pk)
    findings = list(assessment.clauses) if assessment else []
    by_code = {f["code"]: f for f in findings}
    order = {ClauseAction.REJECT: 0, ClauseAction.ASK: 1, ClauseAction.FIX: 2}
    likely = [
        f["code"] for f in sorted(findings, key=lambda f: order.get(f["action"], 3))
    ]
    likely += [*([task.clause] if task.clause else []), *_codes_in(task.reasons)]
    likely += [c["code"] for c in task.submission.changes if c["code"].startswith("P")]
    rest = [code for code in clauses if code.startswith("P")]
    codes = [c for c in dict.fromkeys([*likely, *rest]) if c in clauses]
    if words:
        codes = [c for c in codes if _matches(words, clauses[c])]
    return [
        Ranked(
            key,
            clauses[code],
            str(by_code.get(code, {}).get("field") or "listing"),
            str(by_code.get(code, {}).get("quote") or ""),
            _source(code, by_code, likely),
        )
        for key, code in enumerate(codes[: RANKED if not words else 9], start=1)
    ]


def _source(code: str, by_code: dict[str, Any], likely: list[str]) -> str:
    if code in by_code:
        quote = by_code[code].get("quote")
        return f'matched "{quote}"' if quote else "named by the model"
    return "named by the rules" if code in likely else ""


def _matches(words: str, clause: PolicyClause) -> bool:
    wanted = re.sub(r"[\s-]", "", words).upper()
    letters = iter(clause.code.replace("-", ""))
    if wanted[:1] in "PQ" and wanted[1:].isdigit():
        return all(letter in letters for letter in wanted)
    return words.casefold() in f"{clause.title} {clause.code}".casefold()
