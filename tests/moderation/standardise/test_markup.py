"""Q-03: markup becomes plain text, and what is no markup stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.standardise.markup import plain_text, without_tags


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<script>alert(1)</script>Mug", "Mug"),
        ("<STYLE type='text/css'>.x{color:red}</STYLE >Mug", "Mug"),
        ("a<br>b<br/>c<BR />d", "a\nb\nc\nd"),
        ("<p>a</p><p>b</p>", "a\nb\n"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb\n"),
        ("<div>a</div>b", "a\nb"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "ab\n"),
        ("<h1>a</h1><h2>b</h2><h3>c</h3>", "a\nb\nc\n"),
        ("<h4>a</h4><h5>b</h5><h6>c</h6>", "a\nb\nc\n"),
        ("<p class=x>a <b>bold</b> word", "a bold word"),
        ("<hr>a<hr/>", "a"),
        ("<o:p>a</o:p><my-tag>b</my-tag>", "ab"),
        ('<a title="a > b" href=x>link</a>', "link"),
        ("<a title='5\" > 4\"'>link</a>", "link"),
        ('<img alt="x" src=\'data:' + "A" * 5_000 + "'>a", "a"),
        ("<!-- hidden --><!DOCTYPE html>a<!--[if mso]>b<![endif]-->", "a"),
        ("<![CDATA[<b>a</b> & b]]>", "a & b"),
        ("<<b>i>a</i>", "a"),
    ],
)
def test_tags_are_removed_and_block_ends_become_line_breaks(text, plain):
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "size < 10 cm",
        "I <3 tea",
        "a<b",
        "x<y and y>z",
        "<<< Miễn phí >>>",
        "<hàng mới 100%>",
        "<baca deskripsi>",
        "waist <64 cm, hip <90 cm",
        "5 > 3",
        "<",
        "<>",
        "</>",
    ],
)
def test_a_sign_that_starts_no_tag_is_text(text):
    assert plain_text(text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("cream &amp; brown", "cream & brown"),
        ("&lt;b&gt;", "<b>"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("24&nbsp;h, 5&#39; &#x2122;", "24\xa0h, 5' ™"),
        ("&nbsp, &amp 15", "\xa0, & 15"),
        ("&#128;5", "€5"),
        ("&#xD800;|&#0;", "\ufffd|\ufffd"),
        ("a&#xE0041;b", "ab"),
    ],
)
def test_character_references_are_decoded_once(text, plain):
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    "text",
    ["black&white", "pen&notebook", "?a=1&copy=2", "R&D;", "&;", "&#;", "&Amp;"]
    + ["&#" + "9" * 5_000 + ";"],
)
def test_an_ampersand_that_names_no_character_is_text(text):
    assert plain_text(text) == text


def test_an_unclosed_script_loses_its_tag_and_not_the_rest():
    assert plain_text("<script>Great mug") == "Great mug"


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<a ",
        '<a ="<a "',
        '<a " ="',
        "<a x='",
        "<script>",
        "<!--",
        "<![CDATA[",
        "&#",
    ]
    + ["&a", "&#x1", "<<b>", "</b"],
)
def test_hostile_text_costs_linear_time(unit):
    text = unit * (100_000 // len(unit))
    start = time.perf_counter()
    plain_text(text)
    assert time.perf_counter() - start < 2.0  # about 0.03 s; quadratic takes minutes


@given(st.text(alphabet="<>/ab!-[]'\"= \n", max_size=60))
def test_removing_tags_twice_changes_nothing_more(text):
    once = without_tags(text)
    assert without_tags(once) == once


@given(st.text(alphabet=st.characters(exclude_characters="<&")))
def test_text_without_markup_is_never_changed(text):
    assert plain_text(text) == text
