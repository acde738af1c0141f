"""Waits and the retry budget: what is asked for is kept, and no more is tried."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.llm.retry import Backoff, RetryBudget, retry_after_s

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@given(st.integers(1, 200), st.floats(0, 1))
def test_a_wait_lies_between_nothing_and_a_bound_that_doubles(
    failures: int, chance: float
) -> None:
    backoff = Backoff(base_s=0.5, max_s=8.0)

    wait = backoff.wait_s(failures, lambda: chance)

    assert 0 <= wait <= min(0.5 * 2 ** (failures - 1), 8.0)


def test_the_whole_bound_is_used() -> None:
    backoff = Backoff(base_s=0.5, max_s=8.0)

    waits = [backoff.wait_s(n, lambda: 1.0) for n in (1, 2, 3, 5, 9)]

    assert waits == [0.5, 1.0, 2.0, 8.0, 8.0]


def test_retries_stay_within_a_tenth_once_the_float_is_spent() -> None:
    budget = RetryBudget()
    taken = 0
    for _ in range(1_000):
        budget.first_try()
        taken += sum(budget.take() for _ in range(2))

    assert taken <= 10 + 100


def test_the_float_is_small_and_does_not_grow_in_quiet_times() -> None:
    budget = RetryBudget()
    for _ in range(10_000):
        budget.first_try()

    assert sum(budget.take() for _ in range(100)) == 10


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "1e9"}, 3_600.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=30), True)}, 30.0),
        ({"retry-after": format_datetime(NOW - timedelta(hours=1), True)}, 0.0),
    ],
)
def test_retry_after_is_read_in_all_its_forms(
    headers: dict[str, str], expected: float | None
) -> None:
    assert retry_after_s(headers, NOW) == expected
