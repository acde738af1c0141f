"""Limits: a fixed window, counted exactly, and never a reason to be down."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache

from moderation.access import limits
from moderation.access.limits import take

START = 6_000_000.0  # the beginning of a minute


@pytest.fixture(autouse=True)
def _rested() -> Any:
    limits._rest.end()
    yield
    limits._rest.end()


def ask(limit: int = 2, name: str = "a", at: float = START) -> limits.Allowance:
    """Count one request."""
    return take(name, limit=limit, kind="api", now_s=at)


def test_the_quota_is_counted_down_and_then_closed() -> None:
    found = [(a.remaining, a.is_allowed) for a in (ask(), ask(), ask(), ask())]
    assert found == [(1, True), (0, True), (0, False), (0, False)]


def test_the_next_window_begins_with_the_whole_quota() -> None:
    assert [ask(at=START + 59.9).is_allowed for _ in range(3)][-1] is False
    assert ask(at=START + 60).remaining == 1


def test_each_name_has_a_quota_of_its_own() -> None:
    for _ in range(3):
        ask(name="loud")
    assert ask(name="calm").is_allowed


@pytest.mark.parametrize(
    ("at", "reset_s"), [(START, 60), (START + 0.5, 60), (START + 59.2, 1)]
)
def test_the_reset_is_whole_seconds_to_the_next_window(at: float, reset_s: int) -> None:
    assert ask(at=at).reset_s == reset_s


def test_threads_at_once_are_counted_one_by_one() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: ask(limit=50).is_allowed, range(200)))
    assert sum(found) == 50


def test_a_cache_that_is_away_lets_everything_through_and_rests(
    monkeypatch: Any,
) -> None:
    asked = []

    def away(*args: Any, **kwargs: Any) -> None:
        asked.append(1)
        raise TimeoutError

    monkeypatch.setattr(cache, "incr", away)
    assert all(ask(limit=1).is_allowed for _ in range(5))
    assert len(asked) == 1
    limits._rest.end()
    ask()
    assert len(asked) == 2
