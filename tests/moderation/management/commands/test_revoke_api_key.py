"""revoke_api_key: ends a key by its prefix."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.access.keys import find_key, issue_key

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    """Run the command and return what it printed."""
    out = StringIO()
    call_command("revoke_api_key", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["{prefix}", "rh_live_{prefix}", "{text}"])
def test_a_key_ends_by_its_prefix_however_that_is_pasted(form: str) -> None:
    issued = issue_key(name="x", role="admin", by=Actor.command("tests"))
    given = form.format(prefix=issued.key.prefix, text=issued.text)
    line = json.loads(run(given, "--json"))
    assert line["prefix"] == issued.key.prefix
    assert find_key(issued.text, now=timezone.now()) is None
    assert "was revoked before" in run(given)


def test_an_unknown_prefix_is_an_error() -> None:
    with pytest.raises(CommandError, match="no key with the prefix"):
        run("nothing")
