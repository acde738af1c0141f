"""What each mode costs: how many listings, and when the first would be late."""

from datetime import UTC, datetime, timedelta

import pytest

from moderation.web.ops_mode import choices, first_late
from moderation.web.ops_read import Automation, QueueAge

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def waiting(count: int) -> QueueAge:
    return QueueAge(count, timedelta(0), HOUR, 0, None, (), (), 2)


@pytest.mark.parametrize(
    ("queue", "arriving", "decided", "late"),
    [
        (0, 0.0, 0.0, None),
        (0, 5.0, 0.0, NOW + HOUR),
        (0, 5.0, 10.0, None),
        (20, 5.0, 10.0, NOW + HOUR),
        # 100 an hour decided, 23 wait, 140 more come than go: 77 / 140 of an hour.
        (23, 240.0, 100.0, NOW + timedelta(hours=77 / 140) + HOUR),
    ],
)
def test_the_first_late_listing_follows_from_the_pace(
    queue: int, arriving: float, decided: float, late: datetime | None
) -> None:
    found = first_late(
        NOW, waiting=queue, arriving=arriving, decided=decided, due_in=HOUR
    )
    assert found == late


def test_each_mode_tells_its_cost_in_listings() -> None:
    made = choices(NOW, waiting(23), Automation(3350, 1370), 4720)
    automatic, people, closed = (choice.words for choice in made)
    assert "3,350 went live so, and people decided 1,370." in automatic
    assert "About 3,350 more a day reach people; the first would be late at" in people
    assert "about 197 an hour" in closed
    assert "The 23 waiting are still reviewed." in closed


def test_a_quiet_day_promises_nothing() -> None:
    made = choices(NOW, waiting(0), Automation(0, 0), 0)
    automatic, people, closed = (choice.words for choice in made)
    assert "Nothing was decided in the last 24 hours." in automatic
    assert "no more work" in people
    assert "Nothing waits" in closed
