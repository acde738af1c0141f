"""pipeline: versions listed, shown and made; none ever changes."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from moderation.models import PipelineVersion
from tests.builders import forget_caches

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_caches()


def run(*arguments: str) -> Any:
    """Run the command and return its JSON."""
    out = StringIO()
    call_command("pipeline", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def test_a_fresh_installation_has_one_version_that_serves() -> None:
    text = json.dumps(run("list"))
    assert '"v1"' in text
    shown = run("show", "v1")
    assert (shown["name"], shown["provider"], shown["serves"]) == (
        "v1",
        "offline",
        True,
    )
    assert shown["threshold_status"] == "provisional"
    assert len(shown["recipe_sha256"]) == len(shown["prompt_sha256"]) == 64


def test_a_version_is_made_from_another_and_does_not_serve_by_itself() -> None:
    run("list")
    made = run("create", "v2", "--from", "v1", "--threshold", "0.97")
    assert (made["name"], made["threshold"], made["serves"]) == ("v2", 0.97, False)
    old = run("show", "v1")
    assert old["recipe_sha256"] != made["recipe_sha256"]
    assert made["policy"] == old["policy"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "v9"], "v9"),
        (["create", "v1"], "exists already"),
        (["create", "v2", "--from", "v9"], "v9"),
        (["create", "v2", "--threshold", "1.2"], "probability"),
        (["create", "v2", "--prompt", "poem_v1"], "poem_v1"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_made(
    arguments: list[str], words: str
) -> None:
    run("list")
    with pytest.raises(CommandError, match=words):
        run(*arguments)
    assert PipelineVersion.objects.count() == 1
