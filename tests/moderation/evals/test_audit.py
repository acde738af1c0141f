"""The false-approval rate: published vectors, honest ignorance, and its coverage."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.evals.audit import (
    Estimate,
    Stratum,
    checks_needed,
    clopper_pearson,
    false_approval_rate,
    hajek,
    horvitz_thompson,
    sequence,
)


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9)


def bands(*wrong: int) -> list[Stratum]:
    """Return three strata that were drawn from with different probabilities."""
    sizes, looked = (12_000, 6_000, 2_000), (120, 180, 240)
    return [Stratum(*part) for part in zip(sizes, looked, wrong, strict=True)]


@pytest.mark.parametrize(
    ("wrong", "n", "upper"),
    [
        (0, 100, 0.029513049607),
        (0, 299, 0.0099691467929),
        (1, 299, 0.0157667831276),
        (3, 600, 0.0128716489474),
        (7, 1200, 0.0109287048017),
    ],
)
def test_one_stratum_has_the_exact_binomial_bound(
    wrong: int, n: int, upper: float
) -> None:
    found = false_approval_rate([Stratum(20_000, n, wrong)], 0.05)
    assert found.upper == near(upper)
    assert found.estimate == wrong / n


def test_both_sides_of_the_exact_interval() -> None:
    lower, upper = clopper_pearson(3, 600, 0.025)
    assert lower == near(0.001032309517)
    assert upper == near(0.0145420421396)
    assert clopper_pearson(5, 5, 0.05)[1] == 1.0


def test_several_strata_are_weighted_by_what_they_stand_for() -> None:
    found = false_approval_rate(bands(0, 1, 9), 0.05)
    assert found.estimate == near(0.00541666666667)
    assert found.lower == near(0.00250132332791)
    assert found.upper == near(0.0206206636186)
    assert false_approval_rate(bands(0, 0, 0), 0.05).upper == near(0.0149786613678)
    # Unweighted it would be three times as much.
    assert found.estimate < 10 / 540


def test_inverse_probabilities_by_hand() -> None:
    seen = [(False, 0.01), (True, 0.03), (False, 0.12), (True, 0.12)]
    assert horvitz_thompson(seen, 100) == near(0.416666666667)
    assert hajek(seen) == near(0.277777777778)


@pytest.mark.parametrize(
    ("wrong", "n", "lower", "upper"),
    [
        (0, 100, 0.0, 0.0732843734029),
        (3, 600, 0.000136065938, 0.0262248866717),
        (7, 1200, 0.000760984024, 0.0196394336456),
        (50, 1000, 0.0282351266295, 0.0801709113074),
    ],
)
def test_the_sequence_that_may_be_read_on_any_day(
    wrong: int, n: int, lower: float, upper: float
) -> None:
    assert sequence(wrong, n) == (near(lower), near(upper))


def test_nothing_looked_at_is_nothing_known() -> None:
    unknown = Estimate(None, 0.0, 1.0)
    assert false_approval_rate([]) == unknown
    assert false_approval_rate([Stratum(50, 0, 0)]) == unknown
    assert sequence(0, 0) == (0.0, 1.0)


def test_a_stratum_nobody_looked_at_widens_the_bounds_by_its_share() -> None:
    alone = false_approval_rate([Stratum(900, 300, 2)])
    both = false_approval_rate([Stratum(900, 300, 2), Stratum(100, 0, 0)])
    assert both.estimate == alone.estimate
    assert both.upper == near(alone.upper * 0.9 + 0.1)
    assert both.lower == near(alone.lower * 0.9)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 400)).map(
            lambda t: Stratum(sum(t), t[0] + t[1], t[0])
        ),
        max_size=4,
    ),
    st.floats(0.01, 0.3),
)
def test_the_bounds_are_shares_and_hold_the_estimate(
    strata: list[Stratum], delta: float
) -> None:
    found = false_approval_rate(strata, delta)
    assert 0 <= found.lower <= found.upper <= 1
    if found.estimate is not None:
        assert found.estimate <= found.upper or found.upper == 1
        # What nobody looked at may be all right, which lowers the lower bound alone.
        assert found.lower <= found.estimate + 1e-12


def test_the_interval_covers_a_known_rate_as_often_as_it_says() -> None:
    chance, rate, missed = random.Random(7), 0.03, 0
    for _ in range(400):
        wrong = sum(chance.random() < rate for _ in range(250))
        found = false_approval_rate([Stratum(5000, 250, wrong)], 0.025)
        missed += not found.lower <= rate <= found.upper
    # At 5% each way 20 are expected at most; 38 has a chance below 1 in 10,000.
    assert missed <= 38


@pytest.mark.parametrize("part", [(5, 6, 0), (5, 3, 4), (5, 3, -1)])
def test_counts_that_cannot_be_are_refused(part: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="0 <= wrong <= n <= size"):
        Stratum(*part)


def test_a_risk_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="delta"):
        false_approval_rate([Stratum(5, 5, 0)], 0)


def test_how_many_checks_keep_a_promise() -> None:
    assert [checks_needed(p) for p in (0.05, 0.02, 0.01)] == [59, 149, 299]
