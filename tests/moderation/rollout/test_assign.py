"""Which side of a rollout a merchant stands on: published vectors, nested stages."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.rollout.assign import BUCKETS, bucket, is_on_candidate


@pytest.mark.parametrize(
    ("salt", "merchant", "slot"),
    [
        ("rollout-v1", "merchant-1", 6892),
        ("rollout-v1", "merchant-2", 7736),
        ("rollout-v1", "42", 2800),
        ("rollout-v2", "merchant-1", 8120),
        ("rollout-v1", "müller-Ω", 4684),
        ("rollout-v1", "", 7652),
    ],
)
def test_a_bucket_is_that_of_the_vector(salt: str, merchant: str, slot: int) -> None:
    assert bucket(salt, merchant) == slot


def test_a_hundred_thousand_merchants_spread_as_published() -> None:
    slots = [bucket("rollout-v1", f"m{n}") for n in range(100_000)]
    below = [sum(slot < limit for slot in slots) for limit in (500, 1000, 5000)]
    assert below == [4_959, 9_896, 49_966]


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_bucket_is_always_in_range(salt: str, merchant: str) -> None:
    assert 0 <= bucket(salt, merchant) < BUCKETS


@given(slot=st.integers(0, BUCKETS - 1), low=st.floats(0, 100), high=st.floats(0, 100))
def test_a_higher_percentage_only_adds_merchants(
    slot: int, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    if is_on_candidate(slot, low):
        assert is_on_candidate(slot, high)


def test_none_at_nothing_and_all_at_a_hundred() -> None:
    assert not any(is_on_candidate(slot, 0) for slot in range(BUCKETS))
    assert all(is_on_candidate(slot, 100) for slot in range(BUCKETS))
    assert sum(is_on_candidate(slot, 1) for slot in range(BUCKETS)) == BUCKETS // 100


def test_buckets_spread_evenly_over_a_hundred_bins() -> None:
    counts = [0] * 100
    for n in range(100_000):
        counts[bucket("rollout-v1", f"m{n}") // 100] += 1
    chi = sum((count - 1000) ** 2 / 1000 for count in counts)
    # p = .49 as published: 99 degrees of freedom, mean 99, sd 14.
    assert 60 < chi < 140


@pytest.mark.parametrize("percent", [1, 5, 25, 50])
def test_a_share_is_within_four_standard_deviations(percent: int) -> None:
    number, share = 100_000, percent / 100
    on = sum(
        is_on_candidate(bucket("another", f"m{n}"), percent) for n in range(number)
    )
    assert abs(on - number * share) <= 4 * (number * share * (1 - share)) ** 0.5


def test_another_process_finds_the_same_buckets() -> None:
    code = (
        "from moderation.rollout.assign import bucket\n"
        "print([bucket('rollout-v1', f'm{n}') for n in range(200)])"
    )
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        slots = [bucket("rollout-v1", f"m{n}") for n in range(200)]
        assert done.stdout.strip() == str(slots)
