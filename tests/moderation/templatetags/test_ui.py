"""What templates draw: words and shapes, escaped whatever the value."""

from datetime import UTC, datetime

import pytest

from moderation.templatetags import ui


def test_a_chip_says_a_word_and_draws_a_shape() -> None:
    drawn = ui.chip("live")
    assert "Live" in drawn
    assert "#m-tick" in drawn
    assert "chip ok" in drawn


def test_an_unknown_state_is_shown_as_its_word_escaped() -> None:
    assert "&lt;b&gt;" in ui.chip("<b>")
    assert "Not seen" in ui.chip("not_seen")


@pytest.mark.parametrize(
    ("value", "threshold", "css"),
    [(0.58, 0.91, "bar lo"), (0.91, 0.91, "bar"), (0.97, None, "bar")],
)
def test_a_bar_is_amber_below_its_threshold_only(
    value: float, threshold: float | None, css: str
) -> None:
    assert f'class="{css}"' in ui.bar(value, threshold)


@pytest.mark.parametrize("value", [-1.0, 0.0, 0.5, 1.0, 9.0])
def test_a_bar_never_leaves_its_box(value: float) -> None:
    width = float(ui.bar(value).split('class="v" y="3" width="')[1].split('"')[0])
    assert 0 <= width <= 64


@pytest.mark.parametrize(
    ("value", "text"), [(0.58, "0.58"), (0.996, "0.99"), (1.0, "1.00"), (None, "")]
)
def test_a_score_is_never_rounded_up(value: float | None, text: str) -> None:
    assert ui.two(value) == text


def test_a_moment_carries_its_time_zone_for_the_reader() -> None:
    at = datetime(2026, 11, 20, 9, 5, 7, tzinfo=UTC)
    drawn = str(ui.moment(at, "both"))
    assert 'datetime="2026-11-20T09:05:07Z"' in drawn
    assert ">20 Nov 09:05</time>" in drawn
    assert ui.moment(None) == ""


def test_marked_words_and_diffs_are_escaped() -> None:
    assert ui.marked("a <b> c", "<b>") == "a <mark>&lt;b&gt;</mark> c"
    assert "&lt;i&gt;" in ui.diff_words("x", "<i>")
    assert ui.codes("P-102 <x>") == '<span class="cd">P-102</span> &lt;x&gt;'
