"""The promise's plot: inside its frame, and its words clear of each other."""

import re
from datetime import UTC, datetime

import pytest

from moderation.evals.audit import Estimate, sequence
from moderation.evals.spot_checks import Figures, Step
from moderation.web.ops_promise import Promise, plot

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def made(wrong: int, n: int, promise: float = 0.02) -> Figures:
    """Return figures after so many answers, the wrong ones first."""
    steps = tuple(
        Step(i, min(wrong, i) / i, *sequence(min(wrong, i), i)) for i in range(1, n + 1)
    )
    rate = Estimate(wrong / n, 0, 1) if n else Estimate(None, 0, 1)
    counts = (n * 20, 0, n, n, wrong, 0, 0)
    return Figures(NOW, promise, *counts, (0.05,), rate, rate, steps)


@pytest.mark.parametrize("end", [424, 230])
@pytest.mark.parametrize(
    ("wrong", "n", "promise"),
    [(0, 0, 0.02), (0, 1, 0.02), (1, 1, 0.02), (3, 300, 0.02), (9, 40, 0.0)],
)
def test_everything_drawn_stays_in_the_frame(
    wrong: int, n: int, promise: float, end: int
) -> None:
    drawn = plot(made(wrong, n, promise), end)
    numbers = re.findall(r"(-?[\d.]+) (-?[\d.]+)", drawn.band + drawn.line)
    points = [(float(x), float(y)) for x, y in numbers]
    points.append((drawn.last_x, drawn.last_y))
    assert all(34 <= x <= end and 8 <= y <= 110 for x, y in points)
    assert 8 <= drawn.promise_y <= 110


def test_the_words_of_rate_and_promise_never_lie_on_each_other() -> None:
    for wrong in range(12):
        drawn = plot(made(wrong, 300), 424)
        assert abs(drawn.promise_text_y - drawn.last_text_y) >= 12


def test_the_table_ends_with_where_it_stands() -> None:
    figures = made(2, 47)
    drawn = plot(figures, 424)
    table = Promise(figures, "", "", drawn, drawn).table
    assert table[-1] == figures.steps[-1]
    assert len(table) <= 12
