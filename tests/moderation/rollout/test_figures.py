"""How two versions compare: pairs, wrong by definition, limits that admit ignorance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.models import Assessment, Decision, Rollout, Submission
from moderation.models.clock import database_now
from moderation.rollout.figures import (
    Limit,
    is_wrong,
    limits_of,
    pairs_of,
)
from moderation.rollout.intervals import (
    Difference,
    mean,
    of_shares,
    paired,
    percentile,
)
from tests.builders import a_moderator, a_submission, forget_caches
from tests.moderation.rollout.scene import started


@pytest.fixture
def rollout(db: None) -> Rollout:
    forget_caches()
    return started()


def said(
    row: Submission,
    rollout: Rollout,
    *,
    is_new: bool,
    approves: bool,
    verdict: str = "",
) -> None:
    """Store what a version said: the candidate looks on, the baseline serves."""
    verdict = verdict or ("compliant" if approves else "unsure")
    Assessment.objects.create(
        submission=row,
        pipeline=rollout.candidate if is_new else rollout.baseline,
        role="shadow" if is_new else "serving",
        route="auto_approve" if approves else "review",
        verdict=verdict,
        stated_confidence=0.9,
        calibrated_confidence=0.9,
        threshold=0.9,
        latency_ms=100,
        cost_microusd=50,
        created_at=database_now(),
    )


def decided(row: Submission, outcome: str) -> None:
    Decision.objects.create(
        submission=row,
        outcome=outcome,
        decided_by="person",
        moderator=a_moderator().user,
        published={} if outcome == "approved" else None,
        clauses=[] if outcome == "approved" else [{"code": "P-101"}],
        decided_at=database_now(),
        effective_at=database_now(),
    )


@pytest.mark.parametrize(
    ("route", "verdict", "outcome", "wrong"),
    [
        ("auto_approve", "compliant", "approved", False),
        ("auto_approve", "compliant", "rejected", True),
        ("auto_approve", "compliant", "changes_needed", True),
        ("review", "unsure", "approved", False),
        ("review", "unsure", "rejected", False),
        ("review", "violation", "approved", True),
        ("review", "violation", "rejected", False),
    ],
)
def test_wrong_is_what_a_person_contradicts(
    route: str, verdict: str, outcome: str, wrong: bool
) -> None:
    assert is_wrong(route, verdict, outcome) is wrong


def test_without_pairs_nothing_is_claimed(rollout: Rollout) -> None:
    pairs = pairs_of(rollout)
    assert (pairs.count, pairs.checked, pairs.points) == (0, 0, ())
    assert not pairs.speaks
    assert pairs.difference == (0.0, -1.0, 1.0)
    assert {limit.state for limit in limits_of(rollout, pairs)} == {"early"}


def test_pairs_are_counted_by_who_would_approve_and_who_was_right(
    rollout: Rollout,
) -> None:
    # old approves, new approves, what a person said
    table = [
        (True, False, "rejected"),
        (True, False, "approved"),
        (False, True, "rejected"),
        (True, True, "rejected"),
        (True, True, None),
    ]
    for number, (old, new, outcome) in enumerate(table):
        row = a_submission(external_id=f"P-{number}")
        said(row, rollout, is_new=False, approves=old)
        said(row, rollout, is_new=True, approves=new)
        if outcome:
            decided(row, outcome)
    lone = a_submission(external_id="lone")
    said(lone, rollout, is_new=True, approves=True)
    pairs = pairs_of(rollout)
    assert (pairs.count, pairs.more_work, pairs.less_work) == (5, 2, 1)
    assert (pairs.checked, pairs.worse, pairs.better, pairs.both) == (4, 1, 1, 1)
    assert pairs.points[-1].n == 4
    wrong = limits_of(rollout, pairs)[0]
    assert (wrong.base, wrong.new, wrong.state) == (0.5, 0.5, "early")


@pytest.mark.parametrize(
    ("value", "high", "n", "state"),
    [
        (0.0, 0.004, 500, "within"),
        (0.0, 0.006, 500, "close"),
        (0.006, 0.02, 500, "crossed"),
        (0.006, 0.02, 49, "early"),
    ],
)
def test_a_limit_is_within_close_crossed_or_too_early(
    value: float, high: float, n: int, state: str
) -> None:
    difference = Difference(value, -0.01, high)
    assert Limit("", "share", 0, 0, difference, 0.005, n).state == state


@given(
    n=st.integers(1, 5_000),
    parts=st.tuples(st.integers(0, 200), st.integers(0, 200)),
)
def test_a_paired_interval_holds_its_value_and_narrows(
    n: int, parts: tuple[int, int]
) -> None:
    worse, better = (min(part, n // 2) for part in parts)
    value, low, high = paired(n, worse, better)
    assert -1 <= low <= value <= high <= 1
    more = paired(n * 10, worse * 10, better * 10)
    assert more.high - more.low <= high - low + 1e-9


def test_repeated_looks_at_no_difference_seldom_exclude_it() -> None:
    # 300 experiments, looked at 20 times each; 5% may err, here fewer than 10%.
    state, wrong = 12_345, 0
    for _ in range(300):
        worse = better = 0
        for look in range(1, 21):
            for _ in range(100):
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                share = (state >> 33) / 2**31
                worse += share < 0.02
                better += share > 0.98
            got = paired(look * 100, worse, better)
            if look >= 2 and not got.low <= 0 <= got.high:
                wrong += 1
                break
    assert wrong <= 30


def test_an_unobserved_share_leaves_the_difference_open() -> None:
    got = of_shares(0, 10, 0, 10)
    assert (got.value, got.low < -0.2, got.high > 0.2) == (0.0, True, True)
    assert of_shares(10, 1_000, 60, 1_000).low > 0.03


def test_percentile_and_mean_come_with_their_ends() -> None:
    value, low, high = percentile(list(range(1, 1001)), 0.95)
    assert value == 950
    assert low < 950 < high
    assert percentile([], 0.95) == mean([]) == (0.0, 0.0, 0.0)
    assert mean([2.0, 2.0]) == (2.0, 2.0, 2.0)
