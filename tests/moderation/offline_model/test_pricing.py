"""Prices against goods, brands and text."""

import pytest

from moderation.offline_model.matcher import sentences
from moderation.offline_model.pricing import in_dollars, judge_price


def codes(title, price, currency="USD", **more):
    fields = {
        "title": title,
        "description": "",
        "price": price,
        "currency": currency,
        "condition": "",
        "brand": "",
        **more,
    }
    texts = [
        *sentences("title", fields["title"]),
        *sentences("description", fields["description"]),
    ]
    ruling = judge_price(fields, texts, ("en",), frozenset())
    return {(clause.code, clause.action) for clause in ruling.clauses}


@pytest.mark.parametrize(
    ("price", "currency", "dollars"),
    [("9.00", "USD", 9), ("158000", "IDR", 10), ("x", "USD", None), ("5", "XYZ", None)],
)
def test_a_price_in_dollars(price, currency, dollars):
    assert in_dollars(price, currency) == dollars


@pytest.mark.parametrize("price", ["nan", "inf", "-5", "0", "1e999"])
def test_what_is_no_amount_is_no_price(price):
    assert in_dollars(price, "USD") is None


@pytest.mark.parametrize(
    "text",
    [
        "Message for price, the number here is not real.",
        "Real price 450, the shown price is only for the filter.",
        "The price is per piece and you must take fifty.",
        "Harga asli tanya dulu.",
        "Preis auf Anfrage.",
        "El precio real es otro.",
    ],
)
def test_a_text_that_names_another_price_is_refused(text):
    assert ("P-706", "reject") in codes("Chess board", "20", description=text)


def test_a_tenth_of_the_luxury_price_is_refused_and_a_half_asks():
    assert ("P-301", "reject") in codes("Gucci handbag", "12")
    assert ("P-301", "ask") in codes("Gucci handbag", "200")
    assert not codes("Gucci handbag", "900")


def test_used_goods_may_cost_less():
    assert codes("Nike running shoes", "20")
    assert not codes("Nike running shoes", "20", condition="used_good")


@pytest.mark.parametrize(
    ("title", "price"),
    [("Grand piano, must go", "60"), ("Plain cotton shirt", "900"), ("Sofa bed", "2")],
)
def test_a_price_that_such_goods_never_have_asks(title, price):
    assert ("P-706", "ask") in codes(title, price)


@pytest.mark.parametrize(
    ("title", "price"),
    [("Glass bead, 3 mm", "0.05"), ("Piano stool cover", "15"), ("Fox mug", "9")],
)
def test_an_ordinary_price_says_nothing(title, price):
    assert not codes(title, price)


def test_small_money_placeholders():
    assert ("P-706", "ask") in codes("Rak sepatu", "1", "IDR")
    assert not codes("Rak sepatu", "99000", "IDR")
