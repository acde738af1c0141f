"""Words are brought to one form, and disguises are taken off."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.offline_model.folding import (
    fold_word,
    hidden_inside_words,
    mixed_script_words,
    unmask,
)


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("Kratom", "kratom"),
        ("ĆWIARTKA", "cwiartka"),
        ("Łódź", "lodz"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("𝐩𝐢𝐬𝐭𝐨𝐥", "pistol"),
        ("ｐｉｓｔｏｌ", "pistol"),
        ("cafe\u0301", "cafe"),
        ("Őszi", "oszi"),
    ],
)
def test_a_word_is_folded_to_its_plain_form(word, plain):
    assert fold_word(word) == plain


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing_more(word):
    once = fold_word(word)
    assert fold_word(once) in (once, fold_word(fold_word(once)))


@pytest.mark.parametrize(
    "disguised",
    [
        "k.r.a.t.o.m",
        "k r a t o m",
        "k-r-a-t-o-m",
        "kr\u200bat\u200bom",
        "kr\u00adatom",
        "кrаtоm",
        "kr4t0m",
        "ｋratom",
        "𝐤ratom",
    ],
)
def test_a_disguised_word_is_uncovered(disguised):
    assert "kratom" in fold_word(unmask(f"Fine {disguised} here").text)


@pytest.mark.parametrize(
    "honest", ["Fine cotton towel", "Größe 42", "5 x 10 cm", "", "12 pcs, 30 ml"]
)
def test_an_honest_text_is_left_alone(honest):
    assert unmask(honest) is None


@given(st.text(max_size=300))
def test_every_uncovered_character_says_where_it_stood(text):
    found = unmask(text)
    if found is not None:
        assert len(found.text) == len(found.origin) == len(found.changed)
        assert all(0 <= at < len(text) for at in found.origin)
        assert found.origin == sorted(found.origin)


@pytest.mark.parametrize(
    ("text", "words"),
    [("Cuban сіgаrs", ["сіgаrs"]), ("Русский чай", []), ("Größe", []), ("a b", [])],
)
def test_words_of_two_scripts_are_named(text, words):
    assert mixed_script_words(text) == words


def test_soft_hyphens_are_no_hidden_characters():
    assert not hidden_inside_words("Wasser\u00adflasche")
    assert hidden_inside_words("Wasser\u200bflasche")


@pytest.mark.parametrize(
    "hostile",
    [
        "a." * 50_000,
        "a " * 50_000,
        "\u200b" * 100_000,
        "x1" * 50_000,
        "😀" * 100_000,
        "\x00" * 100_000,
        "\u202e" + "abc" * 30_000,
        "а" * 100_000,
    ],
)
def test_hostile_texts_take_linear_time(hostile):
    began = time.process_time()
    unmask(hostile)
    hidden_inside_words(hostile)
    mixed_script_words(hostile)
    assert time.process_time() - began < 2
