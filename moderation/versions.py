"""Pipeline versions: made once, never changed, and which one serves a merchant."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from moderation import prompts
from moderation.access.actor import Actor
from moderation.assessment.assess import Recipe
from moderation.assessment.verdict import verdict_schema
from moderation.content import sha256_of
from moderation.llm.providers import OFFLINE, OFFLINE_MODEL
from moderation.models import (
    AuditEvent,
    Calibration,
    PipelineVersion,
    Policy,
    Rollout,
)
from moderation.offline_model.recipe import (
    OFFLINE_CALIBRATION,
    OFFLINE_THRESHOLD,
    SUPPORTED_LANGUAGES,
)
from moderation.retrieval.policies import install_shipped_policy
from moderation.routing.calibration import apply_calibration
from moderation.states import RolloutState

log = structlog.get_logger(__name__)

PROMPT = "listing_v1"
PROVIDER = "openai"
DEFAULT_MODEL = "gpt-4.1-mini-2025-04-14"
# A language model's own threshold until one is certified: high, since its
# stated confidence is not calibrated yet.
DEFAULT_THRESHOLD = 0.95
MAX_OUTPUT_TOKENS = 4000
MODEL_NAME_LIMIT = 120
IDENTITY = {"method": "identity", "parameters": {}}
# No slash and no double dot: a name stands in addresses, two of them in one.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True)
class Served:
    """A pipeline version as the pipeline uses it: frozen, without the database."""

    pk: int
    name: str
    recipe: Recipe
    provider: str
    threshold: float
    field_thresholds: Mapping[str, float]
    languages: frozenset[str]
    reads_images: bool
    is_certified: bool
    calibration_method: str
    calibration_parameters: Mapping[str, Any]

    def calibrated(self, stated: float) -> float:
        """Return the calibrated confidence for a stated one."""
        return apply_calibration(
            self.calibration_method, self.calibration_parameters, stated
        )

    @property
    def may_act(self) -> bool:
        """Whether its threshold may auto-approve in this installation."""
        return self.is_certified or not settings.REVIEWHUB_REQUIRE_CERTIFICATE


class NameTakenError(ValueError):
    """A pipeline version of that name exists; versions never change."""


class BadRecipeError(ValueError):
    """A part of a new version is not what it must be."""


def has_provider() -> bool:
    """Tell whether a provider of language models is configured."""
    return bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL)


def ensure_versions() -> PipelineVersion:
    """Make what a fresh or newly configured installation lacks; return what serves.

    The offline version exists always. Once a provider is configured the first
    version of its model is made; that never changes an existing version.
    """
    try:
        _make_missing()
    except (IntegrityError, NameTakenError):
        # Another process of a fresh installation made it at the same time.
        log.info("versions_made_elsewhere")
    return baseline()


def _make_missing() -> None:
    with transaction.atomic():
        policy = install_shipped_policy()
        if not PipelineVersion.objects.exists():
            create_version(
                name="v1",
                provider=OFFLINE,
                model=OFFLINE_MODEL,
                threshold=OFFLINE_THRESHOLD,
                policy=policy,
                calibration=OFFLINE_CALIBRATION,
                by=SYSTEM,
            )
        wants = (
            has_provider()
            and not PipelineVersion.objects.filter(provider=PROVIDER).exists()
        )
        if wants:
            create_version(
                name=next_name(),
                provider=PROVIDER,
                model=settings.REVIEWHUB_MODEL or DEFAULT_MODEL,
                threshold=DEFAULT_THRESHOLD,
                policy=policy,
                by=SYSTEM,
            )


def next_name() -> str:
    """Return the next free name of the form v3."""
    taken = set(PipelineVersion.objects.values_list("name", flat=True))
    number = len(taken) + 1
    while f"v{number}" in taken:
        number += 1
    return f"v{number}"


def create_version(
    *,
    name: str,
    by: Actor,
    provider: str,
    model: str,
    threshold: float,
    policy: Policy,
    prompt: str = PROMPT,
    calibration: Mapping[str, Any] | None = None,
    made_from: PipelineVersion | None = None,
) -> PipelineVersion:
    """Store a new immutable recipe.

    Raises:
        NameTakenError: the name is in use.
        prompts.UnknownPromptError: no such prompt is released.
        ValueError: the threshold is no probability.
    """
    if PipelineVersion.objects.filter(name=name).exists():
        raise NameTakenError(f"{name} exists already; versions never change.")
    if not 0 <= threshold <= 1:
        raise ValueError("The threshold is a probability, from 0 to 1.")
    released = prompts.load(prompt)
    parts: dict[str, Any] = {
        "provider": provider,
        "model": model,
        "accepted_model_names": [model],
        "prompt": prompt,
        "prompt_sha256": released.sha256,
        "schema_sha256": sha256_of(verdict_schema()),
        "retrieval": {},
        "languages": sorted(SUPPORTED_LANGUAGES),
        "reads_images": False,
        "threshold": threshold,
        "field_thresholds": dict(made_from.field_thresholds) if made_from else {},
    }
    kept = made_from.calibration if made_from and calibration is None else None
    fitted = calibration or {
        "method": kept.method if kept else "identity",
        "parameters": kept.parameters if kept else {},
    }
    with transaction.atomic():
        row = PipelineVersion.objects.create(
            name=name,
            policy=policy,
            calibration=kept or Calibration.objects.create(**fitted),
            recipe_sha256=sha256_of(
                {**parts, "policy": policy.sha256, "calibration": fitted}
            ),
            made_from=made_from,
            created_by=by.label,
            **parts,
        )
        AuditEvent.objects.create(
            actor=by.label,
            action="create",
            subject_type="PipelineVersion",
            subject_id=name,
            data={"recipe_sha256": row.recipe_sha256},
        )
    return row


def derive_version(
    *,
    name: str,
    by: Actor,
    made_from: PipelineVersion | None = None,
    model: str = "",
    prompt: str = "",
    threshold: float | None = None,
) -> PipelineVersion:
    """Store a new version that differs from another in what is named here.

    Args:
        name: letters, digits, dot, dash and underscore; never used before.
        by: who makes it.
        made_from: where everything unnamed comes from; default: what serves.
        model: pinned snapshot; the provider follows from it. Default: the
            original's, or REVIEWHUB_MODEL when there is neither original nor model.
        prompt: a released prompt.
        threshold: 0 to 1. Another model's confidence is on another scale, so
            with a new model threshold and calibration start afresh.

    Raises:
        NameTakenError, BadRecipeError, prompts.UnknownPromptError: with a sentence.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise BadRecipeError(
            "A name has 1 to 60 letters, digits, dots, dashes or underscores and "
            "begins with a letter or digit."
        )
    if not model and made_from is None and has_provider():
        model = settings.REVIEWHUB_MODEL
    origin = made_from or baseline()
    model = model.strip() or origin.model
    if len(model) > MODEL_NAME_LIMIT:
        raise BadRecipeError(f"A model's name has {MODEL_NAME_LIMIT} characters.")
    if threshold is not None and not 0 <= threshold <= 1:
        raise BadRecipeError("The threshold is a probability, from 0 to 1.")
    is_offline = model == OFFLINE_MODEL
    fresh: Mapping[str, Any] | None = None
    default = origin.threshold
    if model != origin.model:
        fresh = OFFLINE_CALIBRATION if is_offline else IDENTITY
        default = OFFLINE_THRESHOLD if is_offline else DEFAULT_THRESHOLD
    try:
        return create_version(
            name=name,
            by=by,
            provider=OFFLINE if is_offline else PROVIDER,
            model=model,
            threshold=default if threshold is None else threshold,
            policy=origin.policy,
            prompt=prompt or origin.prompt,
            made_from=origin,
            calibration=fresh,
        )
    except IntegrityError as error:
        raise NameTakenError(
            f"{name} exists already; versions never change."
        ) from error


def baseline() -> PipelineVersion:
    """Return the version that serves where no rollout says otherwise.

    The candidate of the last completed rollout; else the newest version that
    the system made for the configured provider, or the offline one.

    Raises:
        PipelineVersion.DoesNotExist: nothing is set up; `serve` and
            `seed_demo` do that.
    """
    done = (
        Rollout.objects.filter(state=RolloutState.COMPLETE)
        .select_related("candidate")
        .order_by("-id")
        .first()
    )
    if done is not None:
        return done.candidate
    made = PipelineVersion.objects.filter(created_by=SYSTEM.label)
    if not has_provider():
        made = made.filter(provider=OFFLINE)
    return made.latest("id")


@lru_cache(maxsize=64)
def served(pk: int) -> Served:
    """Return a version as the pipeline uses it; kept, since versions never change.

    A certificate is looked up when the version is loaded; issuing or voiding
    one clears this cache.
    """
    row = PipelineVersion.objects.select_related("policy", "calibration").get(pk=pk)
    released = prompts.load(row.prompt)
    return Served(
        pk=row.pk,
        name=row.name,
        recipe=Recipe(
            pipeline=row.name,
            model=row.model,
            accepted_model_names=frozenset(row.accepted_model_names),
            prompt_name=row.prompt,
            prompt_text=released.text,
            prompt_sha256=row.prompt_sha256,
            policy_text=row.policy.text,
            languages=frozenset(row.languages),
            max_output_tokens=MAX_OUTPUT_TOKENS,
        ),
        provider=row.provider,
        threshold=row.threshold,
        field_thresholds=row.field_thresholds,
        languages=frozenset(row.languages),
        reads_images=row.reads_images,
        is_certified=row.threshold_status == PipelineVersion.CERTIFIED,
        calibration_method=row.calibration.method,
        calibration_parameters=row.calibration.parameters,
    )
