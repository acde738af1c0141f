"""Which words changed or are marked: nothing is lost, nothing is invented."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.web.spans import diff_words, mark_quotes, split_codes

WORDS = st.text(alphabet="ab \n", max_size=60)


def text_of(spans: tuple, *kinds: str) -> str:
    return "".join(span.text for span in spans if span.kind in kinds)


@given(WORDS, WORDS)
def test_the_result_reads_as_the_new_text(before: str, after: str) -> None:
    spans = diff_words(before, after)
    assert text_of(spans, "same", "ins").split() == after.split()


@given(WORDS, WORDS)
def test_what_went_and_what_stayed_make_up_the_old_text(
    before: str, after: str
) -> None:
    spans = diff_words(before, after)
    assert text_of(spans, "same", "del").lower().split() == before.lower().split()


@given(st.text(max_size=200))
def test_an_equal_text_has_no_marks(text: str) -> None:
    assert {span.kind for span in diff_words(text, text)} <= {"same"}


def test_case_and_spaces_are_not_marked() -> None:
    spans = diff_words("HAND  forged steel", "Hand forged steel")
    assert [span.kind for span in spans] == ["same"]


def test_neighbouring_changes_are_merged() -> None:
    spans = diff_words("Hand forged steel, call 555 0199 now", "Hand-forged steel,")
    assert [(s.kind, s.text.strip()) for s in spans if s.text.strip()] == [
        ("del", "Hand forged"),
        ("ins", "Hand-forged"),
        ("same", "steel,"),
        ("del", "call 555 0199 now"),
    ]


def test_taking_a_tag_away_leaves_the_words_beside_it_unmarked() -> None:
    spans = diff_words("<p><b>Step</b> into summer</p>", "Step into summer")
    assert {s.text for s in spans if s.kind == "del"} == {"<p><b>", "</b>", "</p>"}
    assert not [s for s in spans if s.kind == "ins"]


def test_text_made_to_be_hard_takes_no_time() -> None:
    before = " ".join(f"a{n % 7}" for n in range(20_000))
    after = " ".join(f"b{n % 5}" for n in range(20_000))
    started = time.perf_counter()
    diff_words(before, after)
    assert time.perf_counter() - started < 2


@given(st.text(max_size=80), st.lists(st.text(max_size=12), max_size=4))
def test_marking_changes_no_letter(text: str, quotes: list[str]) -> None:
    assert "".join(span.text for span in mark_quotes(text, quotes)) == text


def test_a_quote_is_marked_whatever_its_case_and_overlaps_join() -> None:
    spans = mark_quotes("Great for HUNTING trips", ["hunting trips", "for hunting"])
    assert [s for s in spans if s.kind == "mark"] == [
        ("mark", "for HUNTING"),
        ("mark", " trips"),
    ]


@pytest.mark.parametrize("quote", ["", "   ", "not there", "İ"])
def test_what_does_not_stand_there_marks_nothing(quote: str) -> None:
    spans = mark_quotes("Great for the kitchen", [quote])
    assert [s.kind for s in spans] == ["same"]


def test_a_code_is_kept_whole() -> None:
    assert [
        s.text for s in split_codes("Under P-102 and Q-09.") if s.kind == "code"
    ] == [
        "P-102",
        "Q-09",
    ]
