"""Terms are found on word edges, with wildcards, gaps and numbers."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.offline_model.matcher import (
    Matcher,
    TermError,
    parse_term,
    sentences,
    tokenise,
)


def found(term, text):
    matcher = Matcher()
    matcher.add(term, 7)
    words, _ = tokenise(text)
    return [(hit.start, hit.end) for hit in matcher.find(words)]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("pistol", "A Pistol."),
        ("hand gun", "hand-gun"),
        ("revolver*", "two revolvers"),
        ("*messer", "ein Springmesser"),
        ("*opioid*", "synthopioids"),
        ("buy _ rifle", "buy this rifle"),
        ("buy {0-2} rifle", "buy rifle"),
        ("buy {0-2} rifle", "buy a good rifle"),
        ("# rounds", "50 rounds"),
        ("9mm", "9 mm"),
        ("épée", "epee"),
        ("women's", "womens' women's"),
    ],
)
def test_a_term_is_found(term, text):
    assert found(term, text)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("pistol", "pistols"),
        ("gun", "gunmetal begun"),
        ("hand gun", "hand made gun"),
        ("revolver*", "evolver"),
        ("buy {0-2} rifle", "buy one two three rifle"),
        ("# rounds", "many rounds"),
        ("buy _ rifle", "buy rifle"),
    ],
)
def test_a_term_is_not_found_elsewhere(term, text):
    assert not found(term, text)


@pytest.mark.parametrize("term", ["", "  ", "_ gun", "gun {0-2}", "g*n", "%"])
def test_a_term_that_cannot_be_matched_is_refused(term):
    with pytest.raises(TermError):
        parse_term(term)


def test_chinese_and_thai_terms_match_inside_text():
    matcher = Matcher()
    matcher.add("手枪", 1)
    matcher.add("ปืนพก", 2)
    assert [p for p, _, _ in matcher.find_substrings("全新手枪出售")] == [1]
    assert [p for p, _, _ in matcher.find_substrings("ขายปืนพกใหม่")] == [2]


def test_a_vietnamese_accent_makes_another_word():
    matcher = Matcher(str.casefold)
    matcher.add("kẹ", 1)
    assert not list(matcher.find(["kế"]))
    assert list(matcher.find(["kẹ"]))


@given(st.text(max_size=400))
def test_sentences_keep_the_place_of_every_word(text):
    for sentence in sentences("description", text):
        assert text[sentence.start :].startswith(sentence.text)
        for word, (start, end) in zip(sentence.words, sentence.spans, strict=True):
            assert tokenise(text[start:end])[0] == [word]


def test_an_abbreviation_does_not_end_a_sentence():
    cut = sentences("description", "Questions: Tel. 0151 5550134. Two chairs.")
    assert [s.text for s in cut] == ["Questions: Tel. 0151 5550134.", "Two chairs."]


def test_a_long_text_takes_linear_time():
    matcher = Matcher()
    for n in range(500):
        matcher.add(f"buy {{0-3}} word{n}", n)
    words = ["buy", "x"] * 10_000
    began = time.process_time()
    assert not list(matcher.find(words[:2000]))
    assert time.process_time() - began < 5
