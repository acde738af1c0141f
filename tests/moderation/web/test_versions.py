"""Versions: whom each serves, what it is made of, and how two differ."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from moderation.access.actor import Actor
from moderation.models import EvalDatasetCase, EvalResult, PipelineVersion
from moderation.rollout import stages
from moderation.states import Outcome
from moderation.versions import derive_version
from tests.builders import forget_caches
from tests.moderation.rollout.scene import a_dataset, a_run, moved_to
from tests.moderation.web.world import World

INES = Actor("person:ines")


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> Iterator[None]:
    forget_caches()
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    yield
    forget_caches()


@pytest.fixture
def pair(world: World) -> tuple[PipelineVersion, PipelineVersion]:
    PipelineVersion.objects.update(created_by="system")
    old = PipelineVersion.objects.get()
    return old, derive_version(name="v16", by=INES, made_from=old, prompt="listing_v2")


def html(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_says_whom_each_serves_and_what_is_not_certified(
    pair: tuple[PipelineVersion, PipelineVersion],
    world: World,
    client_of: Callable[[str], Client],
) -> None:
    client = client_of("auditor")
    page = html(client, "/ops/versions/")
    assert "Everyone" in page
    assert page.count("not certified") == 2
    assert "/ops/versions/v15..v16/" in page
    rollout = stages.start(candidate=pair[1], by=INES)
    assert "looks on in shadow" in html(client, "/ops/versions/")
    moved_to(rollout, 5)
    page = html(client, "/ops/versions/")
    assert "5% of merchants" in page
    assert "Everyone else" in page


def test_a_version_shows_recipe_decisions_runs_and_rollouts(
    pair: tuple[PipelineVersion, PipelineVersion],
    world: World,
    client_of: Callable[[str], Client],
) -> None:
    world.decided(world.task(world.sent()), Outcome.APPROVED)
    run = a_run(pair[0], gate_passed=False)
    page = html(client_of("auditor"), "/ops/versions/v15/")
    assert "Stoneware mug, blue, 350 ml" in page
    assert "1 decision rest" in page
    assert run.public_id in page
    assert "Did not pass" in page
    assert "it does not read this text" in page
    page = html(client_of("auditor"), "/ops/versions/v16/")
    assert pair[1].recipe_sha256 in page
    assert "Without a passing one no rollout advances" in page


def test_the_difference_names_what_differs_first_and_folds_what_does_not(
    pair: tuple[PipelineVersion, PipelineVersion], client_of: Callable[[str], Client]
) -> None:
    page = html(client_of("auditor"), "/ops/versions/v15..v16/")
    assert "Any change ends a certificate." in page
    assert "All of the first is kept as its beginning." in page
    assert "lines at the start" in page
    assert "<ins>" in page
    assert "No dataset has a completed run of both versions yet." in page
    first = page.index('<th scope="row">Prompt')
    assert first < page.index('<th scope="row">Model')
    assert "Nothing." in html(client_of("auditor"), "/ops/versions/v15..v15/")


def test_eval_cases_that_changed_are_sorted_by_whether_that_is_good(
    pair: tuple[PipelineVersion, PipelineVersion], client_of: Callable[[str], Client]
) -> None:
    dataset = a_dataset("both", cases=4)
    runs = [a_run(version, dataset) for version in pair]
    routes = [
        ("auto_approve", "review", "approve"),
        ("review", "auto_approve", "approve"),
        ("auto_approve", "auto_approve", "approve"),
        ("auto_approve", "review", "reject"),
    ]
    for case, (old, new, decision) in zip(
        EvalDatasetCase.objects.order_by("position"), routes, strict=True
    ):
        case.expected = {"decision": decision, "policy_codes": ["P-101"]}
        case.listing = {"title": f"{old}-{new}-{decision}"}
        case.save()
        for run, route in zip(runs, (old, new), strict=True):
            EvalResult.objects.create(
                run=run,
                case=case,
                route=route,
                verdict="compliant" if route == "auto_approve" else "unsure",
                clauses=[],
            )
    client = client_of("auditor")
    page = html(client, "/ops/versions/v15..v16/")
    assert "3 of 4 eval cases changed" in page
    assert "1 better, 1 worse, 1 wrong in both." in page
    assert page.index("auto_approve-review-approve") < page.index(
        "review-auto_approve-approve"
    )
    page = html(client, "/ops/versions/v15..v16/?tab=better")
    assert "review-auto_approve-approve" in page
    assert "auto_approve-review-approve" not in page


def test_a_missing_version_is_not_found(client_of: Callable[[str], Client]) -> None:
    client = client_of("admin")
    for path in ("none/", "v15..none/", "none..v15/"):
        assert client.get(f"/ops/versions/{path}").status_code == 404
