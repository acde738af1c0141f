"""The overview's figures and the drawings made from them."""

from datetime import UTC, datetime, timedelta

import pytest

from moderation.web import ops_read

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "top"), [(0, 2), (2, 2), (3, 4), (7, 10), (11, 20), (41, 100), (400, 400)]
)
def test_an_axis_ends_at_a_round_number_that_holds_every_bar(
    value: int, top: int
) -> None:
    assert ops_read._nice(value) == top


def test_times_fall_into_slots_from_an_hour_ago_to_now() -> None:
    since = NOW - timedelta(hours=1)
    slots = ops_read._slots([since, NOW, NOW - timedelta(minutes=31)], since)
    assert len(slots) == 30
    assert (slots[0], slots[14], slots[29]) == (1, 1, 1)


def test_bars_stay_inside_the_plot() -> None:
    bars = ops_read._stacked([[4] * 30, [6] * 30], 10, 492)
    assert min(bar.top_y for bar in bars) >= 7
    assert max(bar.x + bar.width for bar in bars) <= 516
    assert all(bar.height + bar.top_height <= 102 for bar in bars)


def test_a_budget_s_share_is_unknown_without_a_budget() -> None:
    assert ops_read.Spend(5, None, 2).share is None
    spend = ops_read.Spend(4_500_000, 6_000_000, 3)
    assert (spend.share, spend.used, spend.each_microusd) == (
        0.75,
        "75% used",
        1_500_000,
    )


def test_nobody_decides_on_an_empty_day() -> None:
    nobody = ops_read.Automation(0, 0)
    assert (nobody.share, nobody.people_share) == (0.0, 0.0)
    assert ops_read.Automation(3, 1).share == 0.75
