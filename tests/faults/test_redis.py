"""The broker is a doorbell: without it nothing is lost, refused or slow."""

import base64
import json
import os
import socket
import time
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings
from redis import Redis

from moderation import dispatch
from moderation.models import Submission
from tests.builders import a_submission, imported, work
from tests.installation import free_port


@pytest.fixture(autouse=True)
def _quiet_bell() -> Iterator[None]:
    """Forget when the bell was last rung."""
    dispatch._quiet_until.clear()
    yield
    dispatch._quiet_until.clear()
    dispatch._sender.cache_clear()


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a broker that takes the call and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_neither_fails_nor_delays_a_submit(
    settings: Settings,
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    a_submission(external_id="first")
    started = time.monotonic()
    for n in range(10):
        a_submission(external_id=f"MUG-{n}")
    assert time.monotonic() - started < 3
    assert Submission.objects.filter(state="received").count() == 11


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_hangs_delays_one_submit_by_seconds_at_most(
    settings: Settings, silent: str
) -> None:
    settings.REDIS_URL = silent
    started = time.monotonic()
    a_submission(external_id="first")
    first = time.monotonic() - started
    for n in range(10):
        a_submission(external_id=f"MUG-{n}")
    assert first < 5
    assert time.monotonic() - started - first < 3
    assert Submission.objects.count() == 11


@pytest.mark.django_db(transaction=True)
def test_what_came_in_without_a_bell_is_found_by_the_next_look(
    settings: Settings,
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    a_submission()
    imported(5)
    settings.REDIS_URL = ""
    assert work() == 6


def test_a_bell_that_did_not_ring_is_left_alone_for_a_while(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert not dispatch.ring("assess")
    quiet = dispatch._quiet_until["assess"] - time.monotonic()
    assert 1 < quiet <= dispatch.AWAY_S


@pytest.mark.redis
def test_a_ring_carries_a_name_and_nothing_else(settings: Settings) -> None:
    address = os.environ["TEST_REDIS_URL"].removesuffix("/0") + "/15"
    settings.REDIS_URL = address
    with Redis.from_url(address) as redis:
        redis.delete(dispatch.QUEUE)
        assert dispatch.ring("assess")
        assert not dispatch.ring("assess"), "a burst needs one ring"
        (message,) = redis.lrange(dispatch.QUEUE, 0, -1)
        redis.delete(dispatch.QUEUE)
    sent = json.loads(message)
    assert sent["headers"]["task"] == "moderation.assess"
    args, kwargs, _ = json.loads(base64.b64decode(sent["body"]))
    assert (args, kwargs) == ([], {})
