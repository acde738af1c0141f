"""Exact intervals: published vectors and plain properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.evals.intervals import binomial_cdf, upper_bound, wilson

COUNTS = st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("k", "n", "bound"),
    [
        (0, 100, 0.029513049607),
        (0, 299, 0.0099691467929),
        (1, 299, 0.0157667831276),
        (3, 600, 0.0128716489474),
        (7, 1200, 0.0109287048017),
    ],
)
def test_the_one_sided_bound_is_that_of_the_vector(
    k: int, n: int, bound: float
) -> None:
    assert upper_bound(k, n) == pytest.approx(bound, rel=1e-9)


def test_the_display_interval_is_that_of_the_vector() -> None:
    low, high = wilson(3, 600)
    assert low == pytest.approx(0.00170187765828, rel=1e-9)
    assert high == pytest.approx(0.0145962063453, rel=1e-9)


def test_with_nothing_seen_nothing_is_known() -> None:
    assert upper_bound(0, 0) == 1
    assert wilson(0, 0) == (0, 1)
    assert upper_bound(5, 5) == 1


@pytest.mark.parametrize(("n", "p"), [(-1, 0.5), (3, -0.1), (3, 1.1)])
def test_what_is_no_binomial_is_refused(n: int, p: float) -> None:
    with pytest.raises(ValueError, match="probability|must"):
        binomial_cdf(1, n, p)


@pytest.mark.parametrize(
    ("k", "n", "p", "tail"),
    [(-1, 3, 0.5, 0), (3, 3, 0.5, 1), (1, 3, 0, 1), (1, 3, 1, 0), (1, 2, 0.5, 0.75)],
)
def test_the_tails_at_the_edges(k: int, n: int, p: float, tail: float) -> None:
    assert binomial_cdf(k, n, p) == pytest.approx(tail)


@given(COUNTS)
def test_the_share_seen_lies_within_its_bounds(counts: tuple[int, int]) -> None:
    k, n = counts
    low, high = wilson(k, n)
    share = k / n if n else 0
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    assert share <= upper_bound(k, n) <= 1
