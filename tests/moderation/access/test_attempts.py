"""Tries are counted by name and by address, and the log is a floor under the cache."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from moderation.access import limits
from moderation.access.attempts import (
    FLOORS,
    TRIES_OF_A_CODE,
    TRIES_OF_A_NAME,
    TRIES_OF_AN_ADDRESS,
    Attempt,
    Step,
    note_failure,
    wait_of,
)
from moderation.models import AuditEvent

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Take the cache away, and forget what this process counted."""

    def away(*args: Any, **kwargs: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(cache, "incr", away)
    monkeypatch.setattr(limits, "_own", limits._Own())
    limits._rest.end()
    yield
    limits._rest.end()


def tried(
    name: str = "mara", address: str = "203.0.113.9", step: Step = Step.PASSWORD
) -> Attempt:
    """Return a try."""
    return Attempt(step, name, address)


def fail(attempt: Attempt, times: int, at: datetime = NOW) -> None:
    """Write failures down."""
    for _ in range(times):
        note_failure(attempt, now=at)


def test_a_name_from_one_address_is_closed_and_says_until_when() -> None:
    waits = [wait_of(tried(), now=NOW) for _ in range(TRIES_OF_A_NAME + 1)]
    assert waits[:-1] == [0] * TRIES_OF_A_NAME
    assert waits[-1] == 270  # the window began 30 s ago
    assert wait_of(tried(address="198.51.100.1"), now=NOW) == 0
    assert wait_of(tried(), now=NOW + timedelta(seconds=270)) == 0


def test_an_address_that_tries_many_names_is_closed_for_all() -> None:
    for n in range(TRIES_OF_AN_ADDRESS):
        assert wait_of(tried(f"name{n}"), now=NOW) == 0
    assert wait_of(tried("another"), now=NOW) > 0


def test_a_name_tried_from_everywhere_is_slowed_by_its_failures() -> None:
    floor = FLOORS[Step.PASSWORD].failures
    for n in range(floor):
        fail(tried(address=f"198.51.100.{n}"), 1, NOW - timedelta(seconds=100))
    assert wait_of(tried(address="192.0.2.1"), now=NOW) == 200
    assert wait_of(tried("another", "192.0.2.1"), now=NOW) == 0
    assert wait_of(tried(address="192.0.2.1"), now=NOW + timedelta(seconds=201)) == 0


def test_a_code_has_few_tries_at_once_and_few_a_day() -> None:
    code = tried(step=Step.CODE)
    waits = [wait_of(code, now=NOW) for _ in range(TRIES_OF_A_CODE + 1)]
    assert [bool(wait) for wait in waits] == [False] * TRIES_OF_A_CODE + [True]
    fail(code, FLOORS[Step.CODE].failures, NOW - timedelta(hours=3))
    later = NOW + timedelta(minutes=10)
    assert wait_of(code, now=later) == pytest.approx(21 * 3600 - 600, abs=1)


@pytest.mark.usefixtures("_no_cache")
def test_without_the_cache_this_process_still_counts() -> None:
    waits = [wait_of(tried(), now=NOW) for _ in range(TRIES_OF_A_NAME + 1)]
    assert [bool(wait) for wait in waits] == [False] * TRIES_OF_A_NAME + [True]


@pytest.mark.usefixtures("_no_cache")
def test_without_the_cache_another_process_sees_the_failures() -> None:
    fail(tried(), FLOORS[Step.PASSWORD].failures, NOW - timedelta(seconds=5))
    assert wait_of(tried(), now=NOW) > 0


def test_a_failure_is_written_down_without_what_was_typed() -> None:
    User.objects.create_user("mara")
    note_failure(tried(), now=NOW)
    note_failure(tried("hunter2-typed-as-name"), now=NOW)
    known, unknown = AuditEvent.objects.order_by("id")
    assert (known.actor, known.action) == ("person:mara", "sign_in_failed")
    assert unknown.actor == "visitor"
    everything = str([vars(event) for event in (known, unknown)])
    assert "hunter2" not in everything
    assert "203.0.113.9" not in everything


def test_a_lock_is_written_down_once_not_at_every_knock() -> None:
    for _ in range(TRIES_OF_A_NAME + 10):
        wait_of(tried(), now=NOW)
    assert AuditEvent.objects.filter(action="sign_in_locked").count() == 1
