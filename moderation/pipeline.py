"""The whole flow of one listing on one screen: assess, check, guard, route.

No database and no effects in here: frozen values in, frozen values out, so that
the worker, the pre-check and the evals run the very same judgement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from moderation.assessment.assess import Assessed, Subject, assess
from moderation.content import Content
from moderation.llm.client import ModelClient, ModelFailure
from moderation.llm.providers import OFFLINE
from moderation.offline_model.guardrail import term_findings
from moderation.routing.guardrails import Facts, check_guardrails
from moderation.routing.mending import Fix, mended
from moderation.routing.route import FAILURE_WORDS, Judgement, Reason, Routed, route
from moderation.standardise.standard import Standardised
from moderation.states import FailureKind, ModeKind, Route
from moderation.telemetry import metrics
from moderation.versions import Served


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beyond the listing; the default is an established merchant."""

    merchant_decisions: int = 0
    new_merchant_limit: int = 0
    is_established: bool = True
    is_restricted: bool = False
    near_rejection: str = ""
    usual_price: Any = None
    mode: ModeKind = ModeKind.AUTOMATIC


@dataclass(frozen=True, slots=True)
class Moderated:
    """The judgement of one version on one listing, ready to be stored or scored."""

    assessed: Assessed
    proposed: Content
    calibrated: float | None
    guardrails: Mapping[str, str]
    routed: Routed
    latency_ms: int
    clauses: tuple[dict[str, str], ...] = field(default=())


async def moderate(
    *,
    raw: Content,
    standardised: Standardised,
    version: Served,
    context: Context,
    client: ModelClient,
    deadline_s: float,
    request_id: str,
) -> Moderated:
    """Judge one listing by one pipeline version.

    Args:
        raw: the listing as sent.
        standardised: what the quality rules made of it.
        version: the recipe.
        context: what is known around the listing.
        client: reaches the version's model.
        deadline_s: for everything done at the model, attempts included.
        request_id: in every log line and call.

    Returns:
        The route with its reasons; a failure routes to a person.
    """
    started = monotonic()
    tidied = standardised.content
    assessed = await assess(
        Subject(raw=raw, tidied=tidied),
        recipe=version.recipe,
        client=client,
        deadline_s=deadline_s,
        request_id=request_id,
    )
    metrics.STAGE_SECONDS.labels("assess").observe(monotonic() - started)
    judging = monotonic()
    proposed = proposed_content(tidied, assessed)
    stated = assessed.verdict.confidence if assessed.verdict else None
    calibrated = version.calibrated(stated) if stated is not None else None
    guardrails = check_guardrails(
        facts_of(raw, standardised, proposed, assessed, version, context)
    )
    routed = route(judgement_of(assessed, calibrated, guardrails, version, context))
    metrics.STAGE_SECONDS.labels("route").observe(monotonic() - judging)
    return Moderated(
        assessed=assessed,
        proposed=proposed,
        calibrated=calibrated,
        guardrails=guardrails,
        routed=routed,
        latency_ms=int((monotonic() - started) * 1000),
        clauses=tuple(
            {
                "code": clause.code,
                "field": clause.field,
                "quote": clause.quote,
                "action": clause.action,
                "explanation": clause.explanation,
            }
            for clause in (assessed.verdict.clauses if assessed.verdict else ())
        ),
    )


def failed(kind: FailureKind, detail: str, *, tidied: Content) -> Moderated:
    """Return the judgement of a listing that got no verdict for our own reasons."""
    failure = ModelFailure(kind, detail, provider="")
    return Moderated(
        assessed=Assessed(
            verdict=None, failure=failure, calls=(), input_sha256="", output_sha256=""
        ),
        proposed=tidied,
        calibrated=None,
        guardrails={},
        routed=Routed(Route.REVIEW, (Reason(kind, FAILURE_WORDS[kind]),)),
        latency_ms=0,
    )


def proposed_content(tidied: Content, assessed: Assessed) -> Content:
    """Return what would be published: the tidied content and the model's values."""
    if assessed.verdict is None:
        return tidied
    proposed = assessed.verdict.proposed
    values: dict[str, Any] = {
        name: value
        for name in ("title", "description", "category", "brand", "condition")
        if (value := getattr(proposed, name)) is not None
    }
    if proposed.attributes is not None:
        values["attributes"] = {item.name: item.value for item in proposed.attributes}
    return tidied.having(**values)


def facts_of(
    raw: Content,
    standardised: Standardised,
    proposed: Content,
    assessed: Assessed,
    version: Served,
    context: Context,
) -> Facts:
    """Gather what the guardrails look at."""
    verdict = assessed.verdict
    clauses = verdict.clauses if verdict else ()
    language = verdict.language if verdict else raw.language
    # The offline model has applied its term rules already; a language model's
    # answer is checked against them, so that no injected text decides alone.
    findings = (
        {}
        if version.provider == OFFLINE
        else term_findings(raw.as_dict(), _changed(raw, standardised.content))
    )
    fixes = [clause for clause in clauses if clause.action == "fix"]
    done = mended(
        [Fix(clause.code, clause.field, clause.quote) for clause in fixes],
        standardised.content,
        proposed,
    )
    left = {
        clause.code for clause, is_done in zip(fixes, done, strict=True) if not is_done
    }
    mended_codes = {clause.code for clause in fixes} - left
    return Facts(
        raw=raw,
        after=proposed,
        asks={ask.code: ask.message for ask in standardised.asks},
        language=language,
        # Without an answer the language is not known, which is no fault of its own.
        supported_languages=version.languages if language else frozenset(),
        merchant_decisions=context.merchant_decisions,
        new_merchant_limit=context.new_merchant_limit,
        is_established=context.is_established,
        is_restricted=context.is_restricted,
        near_rejection=context.near_rejection,
        usual_price=context.usual_price,
        rule_findings={
            code: quote for code, quote in findings.items() if code not in mended_codes
        },
        unmended=tuple(sorted(code for code in left if code.startswith("P-"))),
        reads_images=version.reads_images,
        is_fallback=assessed.is_fallback,
    )


def _changed(raw: Content, tidied: Content) -> dict[str, Any]:
    before = raw.as_dict()
    return {
        name: value for name, value in tidied.as_dict().items() if value != before[name]
    }


def judgement_of(
    assessed: Assessed,
    calibrated: float | None,
    guardrails: Mapping[str, str],
    version: Served,
    context: Context,
) -> Judgement:
    """Gather what routing looks at."""
    verdict, failure = assessed.verdict, assessed.failure
    kind: FailureKind | None = failure.kind if failure else None
    return Judgement(
        verdict=verdict.kind if verdict else None,
        failure=kind,
        findings={
            clause.code: clause.explanation
            for clause in (verdict.clauses if verdict else ())
            if clause.action != "fix"
        },
        doubt=verdict.doubt if verdict else "",
        calibrated=calibrated if calibrated is not None else 0.0,
        threshold=version.threshold,
        field_confidence=verdict.field_confidence.model_dump() if verdict else {},
        field_thresholds=version.field_thresholds,
        vetoes=guardrails,
        mode=context.mode,
        may_act=version.may_act,
        fallback_because=assessed.fallback_because,
    )
