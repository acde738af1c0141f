"""Q-04: characters that text may hold and how spaces are tidied."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.standardise import characters


@pytest.mark.parametrize(
    "code",
    [0x00, 0x07, 0x1F, 0x7F, 0x80, 0x9F, 0xAD, 0x200B, 0x2060, 0xFEFF]
    + [*range(0x202A, 0x202F), *range(0x2066, 0x206A)],
)
def test_named_characters_are_removed(code):
    assert characters.without_invisible(f"D{chr(code)}og") == "Dog"


@pytest.mark.parametrize("code", [0x09, 0x0A, 0x0D, 0x20, 0xA0, 0x200C, 0x200D, 0x200E])
def test_other_invisible_characters_stay(code):
    assert characters.without_invisible(f"a{chr(code)}b") == f"a{chr(code)}b"


def test_text_becomes_nfc():
    assert characters.composed("Cafe\u0301 กำ") == "Café กำ"


@pytest.mark.parametrize(
    ("title", "tidy"),
    [
        ("  sanggul  anak\tkrucut\n 20 ", "sanggul anak krucut 20"),
        ("a\xa0b\u3000\u3000c", "a b c"),
        (" \n", ""),
    ],
)
def test_runs_of_whitespace_in_a_title_become_one_space(title, tidy):
    assert characters.tidy_line(title) == tidy


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("a  \n b", "a\n b"),
        ("a \t \xa0b", "a b"),
        ("a\n\n\n\nb\n\nc", "a\n\nb\n\nc"),
        ("a\n \n \nb", "a\n\nb"),
        ("\n a\r\nb\rc \n\n", "a\nb\nc"),
        ("a\x0bb\u2028c", "a\nb\nc"),
    ],
)
def test_a_description_keeps_its_lines_and_one_empty_line(text, tidy):
    assert characters.tidy_lines(text) == tidy


@given(st.text(alphabet=" \t\n\r\x0b\xa0\u2028ab", max_size=40))
def test_tidying_twice_changes_nothing_more(text):
    for tidy in (characters.tidy_line, characters.tidy_lines):
        assert tidy(tidy(text)) == tidy(text)
    lines = characters.tidy_lines(text)
    assert "\n\n\n" not in lines
    assert " \n" not in lines
    assert "  " not in lines


def test_stacked_marks_cost_linear_time():
    text = "a" + "\u0301\u0316" * 60_000
    start = time.perf_counter()
    characters.composed(text)
    assert time.perf_counter() - start < 2.0  # unbroken runs take quadratic time


@given(st.text(max_size=50))
def test_ordinary_text_composes_as_unicode_says(text):
    assert characters.composed(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Mug, 24 cm!", 5),
        ("一个马克杯", 5),
        ("ที่นี่", 2),
        ("ñandú", 5),
        ("№ ½ Ⅷ ²", 0),
    ],
)
def test_letters_are_unicode_letters_and_marks_are_none(text, count):
    assert characters.letters(text, enough=100) == count


def test_counting_letters_stops_at_enough():
    assert characters.letters("a" * 100, enough=20) == 20


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("aaa bbb", "aaa bbb"),
        ("aaaa bbbb", "aaaa"),
        ("aaaaaaa b", "aaaaaaa"),
        ("aa aaaa b", "aa aaaa"),
        ("aaaaaaaaa", "aaaaaaa"),
        ("aaaa b   c", "aaaa b"),
    ],
)
def test_text_is_cut_at_the_last_space_that_fits(text, cut):
    assert characters.cut_at_space(text, 7) == cut
