"""create_api_key: prints the key once, or says what is wrong."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.utils import timezone

from moderation.access.keys import find_key
from moderation.models import ApiKey, Merchant

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    """Run the command and return what it printed."""
    out = StringIO()
    call_command("create_api_key", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_json_line_holds_the_key_and_whom_it_serves() -> None:
    Merchant.objects.create(slug="acme", name="Acme")
    text = run("--role", "merchant", "--merchant", "acme", "--name", "CI", "--json")
    assert text.count("\n") == 1
    line: dict[str, Any] = json.loads(text)
    key = find_key(line["key"], now=timezone.now())
    assert key is not None
    assert (line["prefix"], line["role"], line["name"], line["merchant"]) == (
        key.prefix,
        "merchant",
        "CI",
        "acme",
    )


def test_without_json_the_key_is_the_only_line() -> None:
    text = run("--role", "admin", "--name", "ops").strip()
    assert find_key(text, now=timezone.now())


def test_a_key_acts_as_the_named_person() -> None:
    user = User.objects.create(username="mara")
    user.groups.add(Group.objects.get(name="moderator"))
    run("--role", "moderator", "--name", "m", "--user", "mara", "--days", "3")
    key = ApiKey.objects.get()
    assert key.user == user
    assert key.expires_at is not None
    assert key.expires_at - timezone.now() < timedelta(days=3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--role", "merchant", "--name", "x"], "needs its merchant"),
        (["--role", "merchant", "--name", "x", "--merchant", "no"], "no merchant with"),
        (["--role", "admin", "--name", "x", "--user", "no"], "no person with"),
        (["--role", "admin", "--name", " "], "Name the key"),
        (["--role", "admin", "--name", "x", "--days", "0"], "--days"),
        (["--role", "boss", "--name", "x"], "invalid choice"),
    ],
)
def test_what_is_wrong_is_said_and_no_key_is_made(
    arguments: list[str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        run(*arguments)
    assert not ApiKey.objects.exists()
