"""Beta and gamma: against each other, against closed forms, and back again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.evals.intervals import binomial_cdf
from moderation.evals.tails import (
    beta_cdf,
    beta_quantile,
    chi2_quantile,
    gamma_cdf,
)


@given(k=st.integers(0, 60), more=st.integers(1, 200), p=st.floats(0.001, 0.999))
def test_beta_is_the_binomial_tail_seen_from_the_other_side(
    k: int, more: int, p: float
) -> None:
    tail = binomial_cdf(k, k + more, p)
    assert beta_cdf(1 - p, more, k + 1) == pytest.approx(tail, abs=1e-11)


@given(x=st.floats(0.001, 200))
def test_gamma_of_shape_one_is_the_exponential(x: float) -> None:
    assert gamma_cdf(x, 1.0) == pytest.approx(-math.expm1(-x), rel=1e-12)


@given(p=st.floats(0.001, 0.999), a=st.floats(0.5, 900), b=st.floats(0.5, 900))
def test_a_quantile_is_where_the_probability_is_reached(
    p: float, a: float, b: float
) -> None:
    assert beta_cdf(beta_quantile(p, a, b), a, b) == pytest.approx(p, abs=1e-9)
    assert gamma_cdf(chi2_quantile(p, a) / 2, a / 2) == pytest.approx(p, abs=1e-9)


def test_chi_squared_of_two_degrees_is_a_logarithm() -> None:
    assert chi2_quantile(0.95, 2) == pytest.approx(-2 * math.log(0.05), rel=1e-12)


def test_the_ends_are_certain() -> None:
    assert (beta_cdf(0, 2, 3), beta_cdf(1, 2, 3)) == (0.0, 1.0)
    assert gamma_cdf(0, 2) == 0.0
