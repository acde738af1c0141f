"""Numbers and times as people read them."""

from datetime import timedelta

import pytest

from moderation.web import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (41 * 60, "41 min"),
        (89 * 60 + 59, "89 min"),
        (90 * 60, "1 h 30"),
        (2 * 3600, "2 h"),
        (47 * 3600 + 300, "47 h 05"),
        (49 * 3600, "2 days"),
    ],
)
def test_a_length_of_time_has_at_most_two_units(seconds: int, text: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("microusd", "text"),
    [
        (0, "$0.00"),
        (1_100, "$0.0011"),
        (250_000, "$0.25"),
        (2_620_000, "$2.62"),
        (1_234_567_890, "$1,234.57"),
    ],
)
def test_small_money_keeps_the_digits_that_matter(microusd: int, text: str) -> None:
    assert words.dollars(microusd) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "No"), (1, "One"), (12, "Twelve"), (13, "13"), (1234, "1,234")],
)
def test_a_number_at_the_start_is_a_word(number: int, text: str) -> None:
    assert words.count_word(number) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("Mara Petrov", "MP"), ("moderator", "MO"), ("a.b_c", "AC"), ("x", "X"), ("", "")],
)
def test_initials_are_at_most_two_capitals(name: str, text: str) -> None:
    assert words.initials(name) == text
