"""The rollout from a terminal: the same verbs, the same refusals, JSON to read."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from moderation.models import Rollout, RolloutStep
from tests.builders import a_merchant, forget_caches
from tests.moderation.rollout.scene import a_run, moved_to, two_versions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small(settings: Settings) -> None:
    forget_caches()
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    settings.REVIEWHUB_ROLLOUT_MINIMUM = 0
    a_run(two_versions()[1])


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command("rollout", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_nothing_under_way_is_said_so() -> None:
    assert run("status") == {"serves": "old", "rollouts": []}
    for verb in ("advance", "hold", "complete"):
        with pytest.raises(CommandError, match="No rollout is under way"):
            run(verb, "--note", "Go on.")


def test_from_start_to_serving() -> None:
    a_merchant("kiln")
    found = run("start", "--candidate", "new", "--pilot", "kiln")
    assert (found["state"], found["pilots"]) == ("shadow", ["kiln"])
    assert found["next"] == {"state": "pilot", "percent": 0}
    seen = [run("advance", "--note", "Fine.")["percent"] for _ in range(6)]
    assert seen == [0, 1, 5, 25, 50, 100]
    assert run("complete", "--note", "Fine.")["state"] == "complete"
    assert run("status")["serves"] == "new"
    assert run("stop")["state"] == "halted"
    assert run("status")["serves"] == "old"


def test_hold_stop_resume_and_close() -> None:
    run("start", "--candidate", "new")
    assert run("hold")["is_held"]
    with pytest.raises(CommandError, match="held"):
        run("advance", "--note", "Go on.")
    assert not run("unhold")["is_held"]
    moved_to(Rollout.objects.get(), 25)
    assert run("stop", "--note", "Doubts")["halted_reason"] == "Doubts"
    found = run("resume", "--note", "Mended.")
    assert (found["state"], found["percent"]) == ("ramping", 1)
    run("stop")
    assert run("close")["state"] == "closed"


def test_missing_evidence_is_a_sentence_and_an_override_is_marked(
    settings: Settings,
) -> None:
    settings.REVIEWHUB_ROLLOUT_MINIMUM = 200
    run("start", "--candidate", "new")
    with pytest.raises(CommandError, match="0 of 200"):
        run("advance", "--note", "Go on.")
    run("advance", "--override", "--note", "Nobody is here yet.")
    assert RolloutStep.objects.latest("id").is_override


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "--candidate", "none"), "no pipeline version none"),
        (("start", "--candidate", "old"), "serves everyone already"),
        (("start", "--candidate", "new", "--pilot", "x"), "no merchant x"),
        (("resume", "--note", "n"), "No rollout is stopped"),
        (("stop",), "no rollout to stop"),
    ],
)
def test_a_refusal_is_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*arguments)
