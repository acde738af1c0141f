"""What the pages' tests share: the world, and a signed-in client of each role."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from moderation.access.sessions import begin_session
from tests.moderation.web.world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build()


def enter(client: Client, user: User) -> None:
    """Sign in as the form does, without the form: with a row for the session."""
    client.force_login(user)
    begin_session(
        user=user,
        session_key=client.session.session_key,
        address="127.0.0.1",
        agent="a test",
    )


@pytest.fixture
def client_of(world: World) -> Callable[[str], Client]:
    """Return a maker of clients, by role; "" is somebody signed out."""

    def make(role: str) -> Client:
        client = Client()
        if role:
            enter(client, world.people[role])
        return client

    return make
