"""Signing in while the shared cache is away: it works, and is still limited."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from moderation.access import factors, limits
from moderation.access.actor import Actor
from moderation.access.attempts import TRIES_OF_A_NAME
from tests.installation import free_port
from tests.moderation.web.world import PASSWORD, person


@pytest.fixture
def _no_redis(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point the cache at a port where nobody answers."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
        }
    }
    monkeypatch.setattr(limits, "_own", limits._Own())
    limits._rest.end()
    yield
    limits._rest.end()


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_redis")
def test_both_steps_work_and_a_code_still_works_once() -> None:
    mara = person("mara", "moderator")
    now = timezone.now()
    secret, then = factors.new_secret(), now - timedelta(minutes=5)
    factors.enrol_app(
        user=mara,
        secret=secret,
        code=factors.code_at(secret, then),
        by=Actor.person(mara),
        now=then,
    )
    code = factors.code_at(secret, now)
    answers = []
    for client in (Client(), Client()):
        client.post("/login/", {"username": "mara", "password": PASSWORD})
        answers.append(client.post("/login/second/", {"code": code}).status_code)
    assert answers == [303, 422]


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_redis")
def test_passwords_are_still_limited() -> None:
    person("mara", "moderator")
    client = Client()
    data = {"username": "mara", "password": "wrong"}
    found = [
        client.post("/login/", data).status_code for _ in range(TRIES_OF_A_NAME + 1)
    ]
    assert found == [422] * TRIES_OF_A_NAME + [429]
