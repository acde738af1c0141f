"""Pipeline versions: made once, never changed, and which one serves."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from moderation.access.actor import Actor
from moderation.models import AuditEvent, PipelineVersion, Rollout
from moderation.prompts import UnknownPromptError
from moderation.versions import (
    DEFAULT_MODEL,
    DEFAULT_THRESHOLD,
    BadRecipeError,
    NameTakenError,
    baseline,
    derive_version,
    ensure_versions,
    next_name,
    served,
)
from tests.builders import a_version, forget_caches

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = settings.REVIEWHUB_MODEL = ""
    forget_caches()


def test_a_fresh_installation_is_served_by_the_offline_model() -> None:
    version = ensure_versions()
    assert (version.name, version.provider) == ("v1", "offline")
    assert ensure_versions() == version
    assert PipelineVersion.objects.count() == 1


def test_a_key_makes_the_first_version_of_its_model_once(settings: Settings) -> None:
    offline = ensure_versions()
    settings.OPENAI_API_KEY = "scripted"
    made = ensure_versions()
    assert (made.name, made.provider, made.model) == ("v2", "openai", DEFAULT_MODEL)
    settings.REVIEWHUB_MODEL = "another-1"
    assert ensure_versions() == made
    settings.OPENAI_API_KEY = ""
    assert baseline() == offline


def test_the_configured_model_is_the_first_versions(settings: Settings) -> None:
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    settings.REVIEWHUB_MODEL = "llama-3"
    made = ensure_versions()
    assert (made.model, made.accepted_model_names) == ("llama-3", ["llama-3"])


def test_a_persons_version_does_not_serve_until_its_rollout_is_complete() -> None:
    first = ensure_versions()
    mine = a_version(name="mine", by=Actor("person:ines"))
    assert baseline() == first
    rollout = Rollout.objects.create(
        baseline=first, candidate=mine, salt="s", started_by="ines", state="ramping"
    )
    assert baseline() == first
    rollout.state = "complete"
    rollout.save()
    assert baseline() == mine


def test_a_name_is_used_once() -> None:
    a_version(name="v7")
    with pytest.raises(NameTakenError):
        a_version(name="v7")
    assert next_name() == "v2"
    a_version(name="v3")
    assert next_name() == "v4"


@pytest.mark.parametrize("threshold", [-0.1, 1.1])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        a_version(threshold=threshold)


def test_an_unknown_prompt_makes_no_version() -> None:
    with pytest.raises(UnknownPromptError):
        a_version(prompt="poem_v1")
    assert not PipelineVersion.objects.exists()


def test_a_recipes_hash_is_of_all_that_counts() -> None:
    hashes = {
        a_version(name="a").recipe_sha256,
        a_version(name="b", threshold=0.95).recipe_sha256,
        a_version(name="c", model="other-1").recipe_sha256,
        a_version(
            name="d",
            calibration={"method": "platt", "parameters": {"a": 1.0, "b": 0.0}},
        ).recipe_sha256,
    }
    assert len(hashes) == 4
    assert AuditEvent.objects.filter(subject_type="PipelineVersion").count() == 4


def test_what_is_served_is_the_recipe_as_stored() -> None:
    row = a_version(calibration={"method": "platt", "parameters": {"a": 1.0, "b": 0.0}})
    version = served(row.pk)
    assert (version.name, version.threshold) == (row.name, 0.9)
    assert version.recipe.prompt_sha256 == row.prompt_sha256
    assert "P-101" in version.recipe.policy_text
    assert version.calibrated(0.8) == pytest.approx(0.8)
    assert "en" in version.languages


def test_a_provisional_threshold_acts_only_where_that_is_allowed(
    settings: Settings,
) -> None:
    row = a_version()
    settings.REVIEWHUB_REQUIRE_CERTIFICATE = False
    assert served(row.pk).may_act
    settings.REVIEWHUB_REQUIRE_CERTIFICATE = True
    assert not served(row.pk).may_act
    PipelineVersion.objects.update(threshold_status=PipelineVersion.CERTIFIED)
    served.cache_clear()
    assert served(row.pk).may_act
    forget_caches()


def test_a_copy_keeps_its_originals_calibration() -> None:
    first = a_version(
        calibration={"method": "platt", "parameters": {"a": 2.0, "b": 0.0}}
    )
    copy = a_version(made_from=first)
    assert copy.calibration == first.calibration
    assert copy.made_from == first


INES = Actor("person:ines")


def test_a_derived_version_differs_in_what_is_named_and_in_nothing_else() -> None:
    first = ensure_versions()
    made = derive_version(name="v2", by=INES, prompt="listing_v2")
    assert made.made_from == first
    assert (made.provider, made.model) == (first.provider, first.model)
    assert (made.threshold, made.calibration) == (first.threshold, first.calibration)
    assert made.prompt == "listing_v2"
    assert made.recipe_sha256 != first.recipe_sha256
    assert baseline() == first


def test_the_provider_follows_from_the_model_and_confidence_starts_afresh() -> None:
    first = ensure_versions()
    made = derive_version(name="big", by=INES, model="gpt-4.1-2025-04-14")
    assert (made.provider, made.accepted_model_names) == ("openai", [made.model])
    assert made.threshold == DEFAULT_THRESHOLD
    assert made.calibration != first.calibration
    back = derive_version(
        name="back", by=INES, made_from=made, model=first.model, threshold=0.8
    )
    assert (back.provider, back.threshold) == ("offline", 0.8)


def test_the_configured_model_is_the_default_of_a_version_made_from_nothing(
    settings: Settings,
) -> None:
    settings.OPENAI_API_KEY, settings.REVIEWHUB_MODEL = "scripted", "first-1"
    first = ensure_versions()
    settings.REVIEWHUB_MODEL = "second-1"
    assert derive_version(name="a", by=INES).model == "second-1"
    assert derive_version(name="b", by=INES, made_from=first).model == "first-1"


@pytest.mark.parametrize("name", ["", "a..b", "a/b", ".a", "a b", "x" * 61, "ä"])
def test_a_name_that_fits_no_address_is_refused(name: str) -> None:
    ensure_versions()
    with pytest.raises(BadRecipeError):
        derive_version(name=name, by=INES)
    assert PipelineVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"threshold": 1.1}, BadRecipeError),
        ({"prompt": "poem_v1"}, UnknownPromptError),
        ({"model": "m" * 121}, BadRecipeError),
        ({"name": "v1"}, NameTakenError),
    ],
)
def test_a_bad_part_makes_no_version(
    parts: dict[str, Any], error: type[Exception]
) -> None:
    ensure_versions()
    with pytest.raises(error):
        derive_version(**{"name": "x", "by": INES, **parts})
    assert PipelineVersion.objects.count() == 1
