"""Prompts side by side: the shared beginning folded, changes by word."""

from hypothesis import given
from hypothesis import strategies as st

from moderation.prompts import load
from moderation.web.prompt_diff import Fold, Pair, diff_prompts


def test_the_second_prompt_keeps_all_of_the_first() -> None:
    first, second = load("listing_v1").text, load("listing_v2").text
    diff = diff_prompts(first, second)
    assert diff.keeps_prefix
    assert diff.prefix is not None
    assert diff.prefix.count == len(first.splitlines())
    assert (diff.removed, diff.added > 100) == (0, True)
    shown = "".join(
        span.text
        for part in diff.parts
        if isinstance(part, Pair)
        for span in part.right.spans
    )
    assert "compatible with iPhone 15" in shown


def test_a_changed_line_shows_its_words_on_either_side() -> None:
    diff = diff_prompts("Same.\nJudge by words.\nEnd.", "Same.\nJudge by sense.\nEnd.")
    pair, fold = diff.parts
    assert isinstance(pair, Pair)
    assert [span.text for span in pair.left.spans if span.kind == "del"] == ["words."]
    assert [span.text for span in pair.right.spans if span.kind == "ins"] == ["sense."]
    assert (pair.left.number, pair.right.number) == (2, 2)
    assert isinstance(fold, Fold)
    assert (fold.first, fold.last, fold.text) == (3, 3, "End.")
    assert (diff.added, diff.removed, diff.keeps_prefix) == (1, 1, False)


def test_the_same_text_differs_in_nothing() -> None:
    diff = diff_prompts("One.\nTwo.", "One.\nTwo.")
    assert diff.is_same
    assert diff.prefix == Fold(1, 2, "One.\nTwo.")


@given(st.text(alphabet="ab \n<", max_size=60), st.text(alphabet="ab \n<", max_size=60))
def test_any_two_texts_can_be_compared(before: str, after: str) -> None:
    diff = diff_prompts(before, after)
    assert diff.is_same == (before.splitlines() == after.splitlines()) or not diff.parts
