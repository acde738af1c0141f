"""What the machine may mend by itself: words taken away, a plain condition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.content import Content
from moderation.routing.mending import Fix, is_explained_deletion, mended

BEFORE = Content(
    title="Blue mug #sale",
    description="A mug. Call +40 721 555 019 to order. It holds 350 ml.",
)
CALL = "Call +40 721 555 019"
AFTER = BEFORE.having(description="A mug. It holds 350 ml.")
WORDS = st.lists(st.sampled_from(["a", "mug", "blue", "call", "me", "now"]), max_size=9)


def test_a_sentence_taken_away_is_mended() -> None:
    assert all(mended([Fix("P-701", "description", CALL)], BEFORE, AFTER))


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
    assert not all(mended([fix], BEFORE, after))


def test_a_condition_set_from_the_text_is_mended() -> None:
    fix = Fix("P-708", "title", "as new")
    assert all(mended([fix], BEFORE, BEFORE.having(condition="used_like_new")))
    assert not all(mended([fix], BEFORE, BEFORE))
    same = BEFORE.having(condition="new")
    assert not all(mended([fix], same, same))
    other = Fix("P-708", "price", "as new")
    assert not all(mended([other], BEFORE, BEFORE.having(condition="new")))


def test_a_detail_that_still_stands_elsewhere_is_a_persons_to_judge() -> None:
    twice = BEFORE.having(attributes={"Shop": "call +40 721 555 019"})
    after = twice.having(description=AFTER.description)
    assert not all(mended([Fix("P-701", "description", CALL)], twice, after))


def test_of_two_details_both_must_go() -> None:
    mail = "sales@shop.example"
    both = BEFORE.having(title=f"Blue mug {mail}")
    fixes = [Fix("P-701", "description", CALL), Fix("P-701", "title", mail)]
    half = both.having(description=AFTER.description)
    assert mended(fixes, both, half) == (True, False)
    assert mended(fixes, both, half.having(title="Blue mug")) == (True, True)


def test_a_word_that_turns_the_sense_may_not_go() -> None:
    before = BEFORE.having(description=f"Not new. {CALL} now. It holds 350 ml.")
    after = before.having(description="new. It holds 350 ml.")
    assert not all(mended([Fix("P-701", "description", CALL)], before, after))


def test_hashtags_may_go() -> None:
    after = BEFORE.having(title="Blue mug")
    assert all(mended([Fix("P-707", "title", "#sale")], BEFORE, after))


@given(words=WORDS, place=st.integers(0, 9), size=st.integers(1, 9))
def test_one_piece_that_holds_the_quote_is_explained(
    words: list[str], place: int, size: int
) -> None:
    piece = words[place : place + size]
    left = words[:place] + words[place + size :]
    if piece and not set(piece) & set(left):
        assert is_explained_deletion(" ".join(words), " ".join(left), [" ".join(piece)])


@given(words=WORDS, place=st.integers(0, 9))
def test_a_word_added_is_no_deletion(words: list[str], place: int) -> None:
    more = [*words[:place], "brandnew", *words[place:]]
    assert not is_explained_deletion(" ".join(words), " ".join(more), ["call"])
