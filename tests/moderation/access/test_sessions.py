"""Where a person is signed in, and ending it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from moderation.access.actor import MACHINE
from moderation.access.sessions import (
    began_at,
    begin_session,
    carry_over,
    end_sessions,
    sessions_of,
)
from moderation.models import AuditEvent
from tests.moderation.web.conftest import enter

pytestmark = pytest.mark.django_db


def places(count: int) -> tuple[User, list[Client]]:
    """Return a person who is signed in at so many places."""
    user = User.objects.create_user("mara")
    clients = [Client() for _ in range(count)]
    for client in clients:
        enter(client, user)
    return user, clients


def is_in(client: Client) -> bool:
    """Return whether the place is still signed in."""
    return client.get("/account/").status_code == 200


def test_everywhere_else_leaves_the_place_where_it_was_asked() -> None:
    user, (here, there, far) = places(3)
    key = here.session.session_key
    assert end_sessions(user=user, by=MACHINE, but=key) == 2
    assert [is_in(client) for client in (here, there, far)] == [True, False, False]
    assert AuditEvent.objects.get(action="end_sessions").data == {"sessions": 2}


def test_one_place_is_ended_and_nobody_elses() -> None:
    user, (here, there) = places(2)
    row = next(
        s for s in sessions_of(user) if s.session_key == there.session.session_key
    )
    other = User.objects.create_user("other")
    assert end_sessions(user=other, by=MACHINE, only=row.pk) == 0
    assert is_in(there)
    assert end_sessions(user=user, by=MACHINE, only=row.pk) == 1
    assert [is_in(here), is_in(there)] == [True, False]


def test_a_session_that_is_over_is_not_listed() -> None:
    user, (here, there) = places(2)
    there.logout()
    assert [s.session_key for s in sessions_of(user)] == [here.session.session_key]


def test_a_session_keeps_its_beginning_under_a_new_key() -> None:
    user, _ = places(0)
    begin_session(user=user, session_key="a" * 32, address="::1", agent="x" * 900)
    began = began_at("a" * 32)
    carry_over(old_key="a" * 32, new_key="b" * 32)
    assert (began_at("a" * 32), began_at("b" * 32)) == (None, began)
