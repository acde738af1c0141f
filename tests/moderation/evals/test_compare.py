"""The paired comparison: which cases moved, and whether by chance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.evals.compare import compare, mcnemar


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (15, 5, 0.041389465332),
        (8, 2, 0.109375),
        (25, 10, 0.0166738478001),
        (0, 0, 1.0),
    ],
)
def test_the_published_vectors_hold(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c) == pytest.approx(p, rel=1e-10)


def test_cases_are_sorted_by_what_became_of_them() -> None:
    now = {1: True, 2: False, 3: True, 4: False, 9: True}
    before = {1: True, 2: True, 3: False, 4: False, 8: False}
    found = compare(now, before)
    assert (found.broken, found.mended, found.both_wrong) == ((2,), (3,), (4,))
    assert found.p_value == 1.0


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


@given(st.integers(0, 60), st.integers(0, 60))
def test_it_is_a_probability_and_knows_no_direction(b: int, c: int) -> None:
    assert 0 <= mcnemar(b, c) <= 1
    assert mcnemar(b, c) == mcnemar(c, b)
