"""The kill switch over the wire: an admin's, with a note, in force at once."""

import json
from typing import Any

import pytest

from moderation.models import AuditEvent, Mode
from tests.moderation.api.conftest import Caller, listing, problem_of

pytestmark = pytest.mark.django_db


def test_without_any_change_the_mode_is_automatic(admin: Caller) -> None:
    found = json.loads(admin.get("/mode").content)
    assert found == {"mode": "automatic", "note": "", "by": "", "at": None}


def test_a_mode_is_in_force_at_once_with_its_note_and_author(
    admin: Caller, seller: Caller
) -> None:
    response = admin.put("/mode", {"mode": "closed", "note": "Fire drill"})
    assert response.status_code == 200, response.content
    found = json.loads(admin.get("/mode").content)
    assert found == json.loads(response.content)
    assert (found["mode"], found["note"]) == ("closed", "Fire drill")
    assert found["by"].startswith("key:")
    assert found["at"].endswith("+00:00")
    assert seller.post("/listings", listing()).status_code == 503
    event = AuditEvent.objects.get(action="set_mode")
    assert event.request_id == response["X-Request-ID"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/mode", "/note"}),
        ({"mode": "off", "note": "n"}, {"/mode"}),
        ({"mode": "closed", "note": ""}, {"/note"}),
        ({"mode": "closed", "note": " "}, {"/note"}),
        ({"mode": "closed", "note": 5}, {"/note"}),
        ({"mode": "closed", "note": "n", "by": "me"}, {"/by"}),
        ([], {""}),
    ],
)
def test_a_change_that_is_not_whole_changes_nothing(
    admin: Caller, body: Any, pointers: set[str]
) -> None:
    found = problem_of(admin.put("/mode", body), 422)
    assert {error["pointer"] for error in found["errors"]} == pointers
    assert not Mode.objects.exists()
