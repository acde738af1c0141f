"""The kill switch: in force at once, with a note, in the log."""

import pytest

from moderation.access.actor import Actor
from moderation.models import AuditEvent, Mode
from moderation.models.versions import mode_in_force
from moderation.rollout.mode import NoteMissingError, set_mode
from moderation.states import ModeKind
from tests.builders import a_person

pytestmark = pytest.mark.django_db
INES = Actor("person:ines")


def test_without_any_change_the_mode_is_automatic() -> None:
    assert mode_in_force() is ModeKind.AUTOMATIC


def test_the_newest_change_is_in_force() -> None:
    for mode in (ModeKind.CLOSED, ModeKind.AUTOMATIC, ModeKind.HUMANS_ONLY):
        set_mode(mode=mode, note="a test", by=INES)
        assert mode_in_force() is mode
    assert Mode.objects.count() == 3


@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_change_without_a_note_is_refused(note: str) -> None:
    with pytest.raises(NoteMissingError):
        set_mode(mode=ModeKind.CLOSED, note=note, by=INES)
    assert mode_in_force() is ModeKind.AUTOMATIC
    assert not AuditEvent.objects.exists()


def test_who_changed_it_from_what_to_what_and_why_is_kept() -> None:
    by = a_person("ines", "admin")
    set_mode(mode=ModeKind.CLOSED, note=" stock-taking ", by=by, request_id="req_1")
    event = AuditEvent.objects.get()
    assert (event.actor, event.action) == (by.label, "set_mode")
    assert (event.from_state, event.to_state) == ("automatic", "closed")
    assert (event.reason, event.request_id) == ("stock-taking", "req_1")
    assert Mode.objects.get().by == by.user
