"""One listing, one verdict or one failure: ask, check, ask once more, give up.

Decides what an answer is worth; refuses to know the database, the route and how a
model is reached. Raises nothing but CancelledError.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import ValidationError

from moderation.assessment.check import check_answer, codes_of
from moderation.assessment.compose import (
    MAX_DOCUMENT,
    compose,
    document_of,
    new_fence,
)
from moderation.assessment.verdict import SCHEMA_NAME, Verdict, verdict_schema
from moderation.content import Content, Problem, sha256_of
from moderation.llm.client import (
    CallRecord,
    Message,
    ModelClient,
    ModelFailure,
    ModelReply,
    ModelRequest,
    storable,
)
from moderation.llm.strict_json import StrictJSONError, loads
from moderation.states import FailureKind

MAX_CALLS = 3
"""Attempts at one listing, whatever they were for."""

_TOO_LONG = ModelFailure(
    FailureKind.REQUEST_REJECTED, "the listing is too long to be judged whole", ""
)
_CLARIFIED = frozenset({FailureKind.UNPARSABLE, FailureKind.INVALID_ANSWER})
_NAMES = frozenset(
    {"title", "description", "price", "category", "brand", "condition", "attributes"}
    | {"reasoning", "clauses", "doubt", "proposed", "field_confidence", "confidence"}
    | {"language", "code", "field", "quote", "action", "explanation", "name", "value"}
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged: the listing as sent and as the mechanical rules left it."""

    raw: Content
    tidied: Content


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that makes two assessments comparable; frozen with its version."""

    pipeline: str
    model: str
    accepted_model_names: frozenset[str]
    prompt_name: str
    prompt_text: str
    prompt_sha256: str
    policy_text: str
    languages: frozenset[str]
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class Assessed:
    """What came of it: a verdict, or the failure that stands in its place."""

    verdict: Verdict | None
    failure: ModelFailure | None
    calls: tuple[CallRecord, ...]
    input_sha256: str
    output_sha256: str
    provider: str = ""
    model: str = ""
    is_fallback: bool = False
    """A stand-in provider answered: no ground for auto-approval."""
    fallback_because: FailureKind | None = None
    """Why the provider of the recipe's own model did not answer, when it did not."""
    problems: tuple[Problem, ...] = ()
    """What was wrong with the last answer that was refused."""

    @property
    def cost_microusd(self) -> int:
        """Return what all attempts cost."""
        return sum(call.cost_microusd for call in self.calls)


def input_sha256_of(document: object, recipe: Recipe) -> str:
    """Return the hash of all that an answer depends on, the fence left out."""
    policy = hashlib.sha256(recipe.policy_text.encode("utf-8", "replace")).hexdigest()
    return sha256_of([recipe.model, recipe.prompt_sha256, policy, document])


async def assess(
    subject: Subject,
    *,
    recipe: Recipe,
    client: ModelClient,
    deadline_s: float,
    request_id: str,
    clock: Callable[[], float] = time.monotonic,
) -> Assessed:
    """Return a checked verdict on a listing, or the failure.

    An answer that cannot be read or does not pass its checks is asked for once
    more, with the schema and what was wrong. Refusals, empty and cut-off answers
    are not: they would come again.

    Args:
        subject: what is judged.
        recipe: by which model, prompt and policy.
        client: asked for every attempt.
        deadline_s: seconds for all of it.
        request_id: goes out with every call.
        clock: seconds, never going back.
    """
    document = document_of(subject.raw, subject.tidied)
    assessed = Assessed(None, None, (), input_sha256_of(document, recipe), "")
    until = clock() + deadline_s
    try:
        for _ in range(2):
            request = _request(
                document, recipe, assessed.problems, until - clock(), request_id
            )
            if len(request.messages[-1].content) > MAX_DOCUMENT:
                return replace(assessed, failure=_TOO_LONG)
            left = MAX_CALLS - len(assessed.calls)
            answer = await client.call(replace(request, max_attempts=left))
            assessed = _weighed(answer, assessed, subject, recipe)
            spent = len(assessed.calls) >= MAX_CALLS or clock() >= until
            if spent or not _wants_clarifying(assessed.failure):
                break
    except Exception as error:
        detail = type(error).__name__
        failure = ModelFailure(FailureKind.INTERNAL, detail, provider="")
        assessed = replace(assessed, verdict=None, failure=failure)
    return assessed


def _request(
    document: dict[str, object],
    recipe: Recipe,
    problems: tuple[Problem, ...],
    timeout_s: float,
    request_id: str,
) -> ModelRequest:
    composed = compose(
        document,
        prompt_text=recipe.prompt_text,
        policy_text=recipe.policy_text,
        fence=new_fence(),
        problems=problems,
    )
    return ModelRequest(
        model=recipe.model,
        messages=(
            Message("system", composed.instructions),
            Message("user", composed.data),
        ),
        schema_name=SCHEMA_NAME,
        schema=verdict_schema(),
        max_output_tokens=recipe.max_output_tokens,
        timeout_s=timeout_s,
        request_id=request_id,
        accepted_models=tuple(recipe.accepted_model_names),
    )


def _wants_clarifying(failure: ModelFailure | None) -> bool:
    return failure is not None and failure.kind in _CLARIFIED


def _weighed(
    answer: ModelReply | ModelFailure,
    before: Assessed,
    subject: Subject,
    recipe: Recipe,
) -> Assessed:
    """Return the assessment after one more answer, its calls appended."""
    calls = _numbered(before.calls, answer.calls)
    if isinstance(answer, ModelFailure):
        unread = (Problem("answer", "unparsable", "could not be read as JSON"),)
        return replace(
            before,
            failure=answer,
            calls=calls,
            provider=answer.provider,
            problems=unread if _wants_clarifying(answer) else before.problems,
        )
    found = replace(
        before,
        calls=calls,
        output_sha256=hashlib.sha256(answer.text.encode()).hexdigest(),
        provider=answer.provider,
        model=answer.model,
        is_fallback=answer.is_fallback,
        fallback_because=answer.fallback_because,
    )
    verdict, kind, problems = read_answer(answer.text, subject, recipe)
    if kind is None:
        return replace(found, verdict=verdict, failure=None, problems=())
    detail = ", ".join(dict.fromkeys(problem.code for problem in problems))
    raw_text = storable(answer.text)
    failure = ModelFailure(
        kind=kind,
        detail=detail,
        provider=answer.provider,
        latency_ms=answer.latency_ms,
        raw_text=raw_text,
        input_tokens=answer.input_tokens,
        cached_tokens=answer.cached_tokens,
        output_tokens=answer.output_tokens,
        cost_microusd=answer.cost_microusd,
    )
    if calls:
        last = replace(calls[-1], failure=kind, detail=detail, raw_text=raw_text)
        calls = (*calls[:-1], last)
    return replace(found, failure=failure, calls=calls, problems=problems)


def read_answer(
    text: str, subject: Subject, recipe: Recipe
) -> tuple[Verdict | None, FailureKind | None, tuple[Problem, ...]]:
    """Return the verdict in a text, or the failure and everything wrong with it.

    The problems quote nothing of the text: they go back to the model as
    instructions.
    """
    try:
        data = loads(text)
    except StrictJSONError as error:
        problem = Problem("answer", "unparsable", f"is not usable JSON: {error}")
        return None, FailureKind.UNPARSABLE, (problem,)
    try:
        verdict = Verdict.model_validate(data)
    except ValidationError as error:
        return None, FailureKind.INVALID_ANSWER, _schema_problems(error)
    problems = check_answer(
        verdict,
        raw=subject.raw,
        tidied=subject.tidied,
        codes=codes_of(recipe.policy_text),
    )
    return verdict, FailureKind.INVALID_ANSWER if problems else None, problems


def _schema_problems(error: ValidationError) -> tuple[Problem, ...]:
    """Name what does not fit the schema, by paths and types of the schema alone."""
    found = []
    for item in error.errors(include_url=False, include_context=False)[:12]:
        path = ".".join(
            str(part) if isinstance(part, int) or part in _NAMES else "(unknown)"
            for part in item["loc"]
        )
        message = f"does not fit the schema ({item['type']})"
        found.append(Problem(path or "answer", item["type"], message))
    return tuple(dict.fromkeys(found))


def _numbered(
    before: tuple[CallRecord, ...], more: tuple[CallRecord, ...]
) -> tuple[CallRecord, ...]:
    return before + tuple(
        replace(call, attempt=len(before) + number)
        for number, call in enumerate(more, 1)
    )
