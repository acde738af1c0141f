"""Single fields: types, limits, addresses."""

from decimal import Decimal

import pytest

from moderation.intake.field_reader import FieldReader, is_web_address, shown


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (24.9, "24.9"),
        (24, "24"),
        (-3, "-3"),
        (1e22, "1e+22"),
        (Decimal("24.90"), "24.90"),
        ("89,00 €", "89,00 €"),
        (None, ""),
    ],
)
def test_a_price_may_be_text_or_a_number(sent, text):
    reader = FieldReader({"price": sent})
    assert reader.price() == text
    assert reader.problems == []


@pytest.mark.parametrize(
    "sent",
    [True, False, float("nan"), float("inf"), Decimal("sNaN"), [], {}, [1]]
    + [pytest.param(10**5_000, id="5,000 digits")],
)
def test_what_is_no_price_names_the_remedy(sent):
    reader = FieldReader({"price": sent})
    assert reader.price() == ""
    (problem,) = reader.problems
    assert (problem.field, problem.code) == ("price", "wrong_type")
    assert problem.message == "Write the price as text or a number, such as 24.90."


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/1.jpg",
        "http://a.example",
        "https://a.example:8443/1,2.jpg?x=1|2#y",
        "https://bücher.example/ü.jpg",
        "HTTPS://A.EXAMPLE/1.JPG",
        "https://[2001:db8::1]/1.jpg",
    ],
)
def test_a_complete_web_address_is_good(url):
    assert is_web_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.jpg",
        "//a.example/1.jpg",
        "ftp://a.example/1.jpg",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https://",
        "https:///1.jpg",
        "https://a b.example/",
        "https://a.example/1 2.jpg",
        "https://a.example/\n",
        "https://u:p@a.example/",
        "https://a.example:99999/",
        "https://a.example:0/",
        "https://a.example:x/",
        "https://[::1/",
        'https://a.example/"onload=',
        "https://a.example/<b>",
        "https://a.example/\ud800",
    ],
)
def test_anything_else_is_no_address(url):
    assert not is_web_address(url)


def test_a_name_is_shown_short_and_printable():
    assert shown("a\x00b\ud800\nc") == "ab?c"
    assert shown("x" * 1_000) == "x" * 60
    assert shown("\x00") == '""'
    assert shown(7) == "int"
