"""The breaker: opens soon, probes alone, comes back without a herd."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from moderation.llm.breaker import Breaker, BreakerPolicy, allow, record
from moderation.states import BreakerState

POLICY = BreakerPolicy()


def failing(times: int, *, start: float = 100.0) -> Breaker:
    breaker = Breaker()
    for number in range(times):
        breaker = record(breaker, POLICY, start + number * 0.1, ok=False)
    return breaker


def test_it_opens_after_ten_failures_in_a_row_and_not_before() -> None:
    assert failing(9).state(101.0) == BreakerState.CLOSED
    assert failing(10).state(101.0) == BreakerState.OPEN


def test_it_opens_at_a_dead_provider_however_good_the_minutes_before_were() -> None:
    breaker = Breaker()
    for number in range(5_000):
        breaker = record(breaker, POLICY, 100 + number * 0.01, ok=True)
    for number in range(20):
        breaker = record(breaker, POLICY, 150 + number * 0.01, ok=False)

    assert breaker.state(150.5) == BreakerState.OPEN


def test_it_stays_closed_when_one_call_in_seven_fails() -> None:
    breaker = Breaker()
    for number in range(10_000):
        breaker = record(breaker, POLICY, 100 + number * 0.01, ok=number % 7 != 0)

    assert breaker.state(201.0) == BreakerState.CLOSED


def test_it_opens_when_half_of_all_calls_fail() -> None:
    breaker = Breaker()
    for number in range(40):
        breaker = record(breaker, POLICY, 100 + number * 0.1, ok=number % 2 == 0)

    assert breaker.state(105.0) == BreakerState.OPEN


def test_half_open_lets_one_probe_through() -> None:
    breaker = failing(10)
    now = breaker.open_until

    breaker, first = allow(breaker, POLICY, now)
    breaker, second = allow(breaker, POLICY, now + 1)

    assert first.is_allowed
    assert first.is_probe
    assert not second.is_allowed
    assert second.because == "open"
    assert second.retry_after_s > 0


def test_a_probe_that_never_ends_is_given_up() -> None:
    breaker = failing(10)
    breaker, _ = allow(breaker, POLICY, breaker.open_until)

    _, later = allow(breaker, POLICY, breaker.open_until + POLICY.probe_s)

    assert later.is_probe


def test_failed_probes_double_the_wait_up_to_its_limit() -> None:
    breaker, waits = failing(10), []
    for _ in range(5):
        now = breaker.open_until
        breaker, _ = allow(breaker, POLICY, now)
        breaker = record(breaker, POLICY, now, ok=False, is_probe=True)
        waits.append(round(breaker.open_until - now, 6))

    assert waits == [30.0, 60.0, 60.0, 60.0, 60.0]


def test_late_ends_of_earlier_calls_do_not_close_it() -> None:
    breaker = record(failing(10), POLICY, 102.0, ok=True)

    assert breaker.state(102.0) == BreakerState.OPEN


def test_a_pause_holds_every_call_and_ends_by_itself() -> None:
    breaker = record(Breaker(), POLICY, 100.0, ok=True, retry_after_s=20.0)

    held = [allow(breaker, POLICY, 100.0 + second)[1] for second in range(20)]

    assert not any(permission.is_allowed for permission in held)
    assert {permission.because for permission in held} == {"paused"}
    assert allow(breaker, POLICY, 120.0)[1].is_allowed


def test_a_shorter_pause_does_not_cut_a_longer_one() -> None:
    breaker = record(Breaker(), POLICY, 100.0, ok=True, retry_after_s=20.0)
    breaker = record(breaker, POLICY, 101.0, ok=True, retry_after_s=1.0)

    assert not allow(breaker, POLICY, 110.0)[1].is_allowed


def test_a_pause_is_never_longer_than_the_limit() -> None:
    breaker = record(Breaker(), POLICY, 100.0, ok=True, retry_after_s=1e9)

    assert allow(breaker, POLICY, 100.0 + POLICY.pause_max_s)[1].is_allowed


def test_an_hour_of_outage_costs_probes_only_and_recovery_brings_no_herd() -> None:
    """Ten listings a second arrive always; those refused come again each second."""
    outage, steady = range(600, 4_200), 10
    breaker, waiting, sent = Breaker(), 0, Counter[int]()
    for second in range(5_400):
        waiting += steady
        for number in range(waiting):
            now = 1_000.0 + second + number / waiting
            breaker, permission = allow(breaker, POLICY, now)
            if not permission.is_allowed:
                break
            sent[second] += 1
            is_up = second not in outage
            breaker = record(
                breaker, POLICY, now, ok=is_up, is_probe=permission.is_probe
            )
            waiting -= is_up
    while_down = sum(sent[second] for second in outage)
    back_at = next(s for s in range(4_200, 5_400) if sent[s])
    first_minute = sum(sent[second] for second in range(back_at, back_at + 60))

    assert while_down <= POLICY.failures_to_open + 3_600 / 60 + 2
    assert back_at - 4_200 <= POLICY.open_max_s
    assert 60 <= first_minute <= 2 * steady * 60
    assert max(sent[s] for s in range(back_at, back_at + 60)) <= 2 * steady + 1


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=80))
def test_at_most_one_probe_is_out_whatever_happens(
    steps: list[tuple[float, bool]],
) -> None:
    breaker, now, probe_since = failing(10), 200.0, None
    for gap, ok in steps:
        now += gap
        breaker, permission = allow(breaker, POLICY, now)
        if permission.is_probe:
            assert probe_since is None or now - probe_since >= POLICY.probe_s
            probe_since = now
        if probe_since is not None and ok:
            breaker = record(breaker, POLICY, now, ok=ok, is_probe=True)
            probe_since = None
            assert breaker.state(now) == BreakerState.CLOSED


@given(st.lists(st.booleans(), max_size=40))
def test_it_survives_being_stored(ends: list[bool]) -> None:
    breaker = Breaker()
    for number, ok in enumerate(ends):
        breaker = record(breaker, POLICY, 100.0 + number, ok=ok)

    stored = json.loads(json.dumps(breaker.as_dict()))

    assert Breaker.from_dict({**stored, "unknown": 1}) == breaker
