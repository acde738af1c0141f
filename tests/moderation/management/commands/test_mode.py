"""mode: the kill switch from a terminal."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from moderation.models import AuditEvent
from moderation.models.versions import mode_in_force
from moderation.states import ModeKind

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    """Run the command and return what it printed."""
    out = StringIO()
    call_command("mode", *arguments, stdout=out)
    return out.getvalue()


def test_without_a_mode_it_tells_the_one_in_force() -> None:
    assert run() == "The mode is automatic.\n"
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("mode", list(ModeKind))
def test_a_mode_is_set_with_its_note(mode: ModeKind) -> None:
    told = json.loads(run(mode, "--note", "a test", "--json").splitlines()[-1])
    assert told == {"mode": str(mode)}
    assert mode_in_force() is mode
    event = AuditEvent.objects.get()
    assert (event.actor, event.reason) == ("command:mode", "a test")


def test_without_a_note_nothing_is_set() -> None:
    with pytest.raises(CommandError, match="--note"):
        run("closed")
    assert mode_in_force() is ModeKind.AUTOMATIC


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        run("off", "--note", "a test")
