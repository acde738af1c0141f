"""Two versions on the same cases: published p-values, and evidence at any look."""

import math

import pytest

from moderation.evals.paired import log_e, mcnemar


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (15, 5, 0.041389465332),
        (8, 2, 0.109375),
        (25, 10, 0.0166738478001),
        (0, 0, 1.0),
        (2, 8, 0.109375),
    ],
)
def test_the_exact_p_value_of_disagreements(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c) == pytest.approx(p, rel=1e-9)


def test_no_disagreement_is_no_evidence() -> None:
    assert log_e(0, 0) == pytest.approx(0.0, abs=1e-12)


def test_a_fair_coin_pays_nothing_on_average() -> None:
    for n in (1, 5, 12):
        mean = sum(
            math.comb(n, b) / 2**n * math.exp(log_e(b, n - b)) for b in range(n + 1)
        )
        assert mean == pytest.approx(1.0, rel=1e-9)


def test_large_counts_are_no_trouble() -> None:
    assert 0 < mcnemar(5000, 5200) < 0.06
