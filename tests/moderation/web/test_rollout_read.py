"""Figures in drawing units and words: inside the frame, whatever they are."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.rollout.figures import Limit, Pairs, Point
from moderation.rollout.intervals import Difference, paired
from moderation.web.rollout_read import plot, points, row_of


@given(n=st.integers(200, 9_000), worse=st.integers(0, 90), better=st.integers(0, 90))
def test_the_plot_stays_in_its_frame(n: int, worse: int, better: int) -> None:
    ends = (n // 4, n // 2, n)
    made = tuple(Point(end, paired(end, worse * end // n, better)) for end in ends)
    drawn = plot(Pairs(n, 0, 0, n, worse, better, 0, made))
    numbers = [float(x) for x in re.findall(r"[\d.]+", drawn.band + drawn.line)]
    xs, ys = numbers[::2], numbers[1::2]
    assert all(44 <= x <= 560 for x in xs)
    assert all(20 <= y <= 200 for y in ys)
    assert 20 <= drawn.limit < drawn.zero == 110
    assert drawn.end_x == 560
    assert points(Pairs(n, 0, 0, n, 0, 0, 0, made))[-1][0] == n


@pytest.mark.parametrize(
    ("unit", "base", "allowed", "words"),
    [
        ("share", 0.0194, 0.005, ("1.94%", "+0.50")),
        ("ms", 2_900, 1_000, ("2.9 s", "+1.0 s")),
        ("microusd", 2_000, 1_000, ("$0.0020", "+$0.0010")),
    ],
)
def test_a_limit_reads_in_its_unit(
    unit: str, base: float, allowed: float, words: tuple[str, str]
) -> None:
    row = row_of(Limit("", unit, base, base, Difference(0, -1e9, 1e9), allowed, 99))
    assert (row.base, row.allowed) == words
    assert 2 <= row.low_x < 120 < row.limit_x <= row.high_x <= 238
