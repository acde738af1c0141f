"""What the pages' tests share: the world, and a signed-in client of each role."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.moderation.web.world import World, build


@pytest.fixture
def world(db: None) -> World:
    return build()


@pytest.fixture
def client_of(world: World) -> Callable[[str], Client]:
    """Return a maker of clients, by role; "" is somebody signed out."""

    def make(role: str) -> Client:
        client = Client()
        if role:
            client.force_login(world.people[role])
        return client

    return make
