"""What the machine may mend by itself: words taken away, a plain condition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.content import Content
from moderation.routing.mending import Fix, is_deletion, is_mended

BEFORE = Content(
    title="Blue mug #sale",
    description="A mug. Call +40 721 555 019 to order. It holds 350 ml.",
)
CALL = "Call +40 721 555 019"
AFTER = BEFORE.having(description="A mug. It holds 350 ml.")
WORDS = st.lists(st.sampled_from(["a", "mug", "blue", "call", "me", "now"]), max_size=9)


def test_a_sentence_taken_away_is_mended() -> None:
    assert is_mended(Fix("P-701", "description", CALL), BEFORE, AFTER)


@pytest.mark.parametrize(
    ("fix", "after"),
    [
        (Fix("P-701", "description", CALL), BEFORE),
        (
            Fix("P-701", "description", CALL),
            BEFORE.having(description="A mug. It holds 400 ml."),
        ),
        (
            Fix("P-701", "description", CALL),
            BEFORE.having(description="A fine mug. It holds 350 ml."),
        ),
        (
            Fix("P-701", "description", CALL),
            BEFORE.having(description="Call +40 721 555 019 to order."),
        ),
        (Fix("P-701", "description", CALL), BEFORE.having(description="")),
        (Fix("P-701", "description", ""), AFTER),
        (Fix("P-701", "attributes", CALL), AFTER),
        (Fix("P-703", "description", CALL), AFTER),
        (Fix("P-101", "description", CALL), AFTER),
    ],
    ids=[
        "nothing changed",
        "a number changed",
        "a word added",
        "the quote still there",
        "all gone",
        "no quote",
        "another field",
        "another rule",
        "a prohibition",
    ],
)
def test_anything_else_is_a_persons_to_judge(fix: Fix, after: Content) -> None:
    assert not is_mended(fix, BEFORE, after)


def test_a_condition_set_from_the_text_is_mended() -> None:
    fix = Fix("P-708", "title", "as new")
    assert is_mended(fix, BEFORE, BEFORE.having(condition="used_like_new"))
    assert not is_mended(fix, BEFORE, BEFORE)
    same = BEFORE.having(condition="new")
    assert not is_mended(fix, same, same)
    other = Fix("P-708", "price", "as new")
    assert not is_mended(other, BEFORE, BEFORE.having(condition="new"))


@given(words=WORDS, keep=st.lists(st.booleans(), min_size=9, max_size=9))
def test_any_words_taken_away_are_a_deletion(
    words: list[str], keep: list[bool]
) -> None:
    left = [word for word, stays in zip(words, keep, strict=False) if stays]
    assert is_deletion(" ".join(words), " ".join(left))


@given(words=WORDS, place=st.integers(0, 9))
def test_a_word_added_is_no_deletion(words: list[str], place: int) -> None:
    more = [*words[:place], "whisky", *words[place:]]
    assert not is_deletion(" ".join(words), " ".join(more))


@given(before=WORDS, after=WORDS)
def test_a_deletion_never_changes_the_order(
    before: list[str], after: list[str]
) -> None:
    if is_deletion(" ".join(before), " ".join(after)):
        assert len(after) <= len(before)
        places, start = [], 0
        for word in after:
            start = before.index(word, start) + 1
            places.append(start)
        assert places == sorted(places)
