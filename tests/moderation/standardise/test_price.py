"""Q-09: the price as people and machines write it."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.standardise.notes import Notes
from moderation.standardise.price import standard_price


def standardised(price, currency="USD"):
    notes = Notes()
    return standard_price(price, currency, notes), notes


@pytest.mark.parametrize(
    ("sent", "currency", "stored"),
    [
        ("7", "USD", "7.00"),
        ("7.5", "USD", "7.50"),
        ("7.55", "USD", "7.55"),
        ("1.005", "USD", "1.01"),
        ("60.000", "PLN", "60.00"),
        ("0.005", "USD", "0.01"),
        ("12990.00", "CLP", "12990"),
        ("12.5", "JPY", "13"),
        ("13.4", "KRW", "13"),
        ("20000", "VND", "20000"),
    ],
)
def test_a_well_formed_price_gets_its_decimals_silently(sent, currency, stored):
    price, notes = standardised(sent, currency)
    assert price == stored
    assert [change.silent for change in notes.changes] == [True] * (sent != stored)
    assert not notes.refusals + notes.asks


@pytest.mark.parametrize(
    ("sent", "currency", "stored"),
    [
        ("Rp165.000", "IDR", "165000.00"),
        ("Rp 1.250.000,00", "IDR", "1250000.00"),
        ("129,90 lei", "RON", "129.90"),
        ("12,90", "EUR", "12.90"),
        ("12,90 €", "EUR", "12.90"),
        ("€ 12.90", "EUR", "12.90"),
        ("$1,299", "USD", "1299.00"),
        ("$1.299", "USD", "1299.00"),
        ("1,299 USD", "USD", "1299.00"),
        ("$0.125", "USD", "0.13"),
        ("1,299.50", "USD", "1299.50"),
        ("1.299,50", "EUR", "1299.50"),
        ("1.234,567", "EUR", "1234.57"),
        ("1 299,50 zł", "PLN", "1299.50"),
        ("1\u202f299,50", "EUR", "1299.50"),
        ("1'299.50", "CHF", "1299.50"),
        ("1,23,456", "INR", "123456.00"),
        ("1.234.567", "IDR", "1234567.00"),
        ("4.590000000000000e+01", "USD", "45.90"),
        ("1e2", "USD", "100.00"),
        ("19.989999999999998", "GBP", "19.99"),
        (" 12.90 ", "USD", "12.90"),
        ("12,-", "EUR", "12.00"),
        ("Rs. 500/-", "INR", "500.00"),
        (".5", "USD", "0.50"),
        ("$.99", "USD", "0.99"),
        ("$12.990", "CLP", "12990"),
        ("￥1,200", "JPY", "1200"),
        ("１２.５０", "USD", "12.50"),
        ("১২", "BDT", "12.00"),
    ],
)
def test_other_ways_to_write_a_price_are_corrected_by_name(sent, currency, stored):
    price, notes = standardised(sent, currency)
    assert price == stored
    assert [(change.code, change.silent) for change in notes.changes] == [
        ("Q-09", False)
    ]
    assert not notes.refusals + notes.asks


@pytest.mark.parametrize(
    "sent",
    ["call", "0", "0.00", "0.004", "-5", "€-5", "(5)", "5-10", "from 5", "5 pcs", "+5"]
    + ["1.2.3", "1,2,3", "12 90", "1,000,00", "NaN", "Infinity", "0x10", "1e999999999"]
    + ["1e-9", "9" * 20, "1" * 5_000, "12⁹⁹", "½", "$$5", "EUR 5 USD", "1 2", "-", "€"],
)
def test_zero_negative_and_unreadable_prices_are_refused_with_a_remedy(sent):
    price, notes = standardised(sent)
    assert price == sent
    assert [refusal.code for refusal in notes.refusals] == ["Q-09"]
    assert "Write" in notes.refusals[0].message
    assert not notes.changes


def test_a_price_too_small_for_a_currency_without_decimals_is_refused():
    assert standardised("0.4", "JPY")[1].refusals


@pytest.mark.parametrize(
    ("sent", "currency"), [("1,299", "USD"), ("12.990", "CLP"), ("1.000", "KRW")]
)
def test_a_price_with_two_readings_is_asked_about(sent, currency):
    assert [ask.code for ask in standardised(sent, currency)[1].asks] == ["Q-09"]


def test_a_sign_of_another_currency_is_asked_about():
    assert [ask.code for ask in standardised("€5", "USD")[1].asks] == ["Q-10"]
    assert not standardised("$5", "MXN")[1].asks
    assert not standardised("€5", "$")[1].asks


@given(st.decimals("0.01", 10**9, places=2))
def test_grouped_and_plain_forms_mean_the_same_amount(amount):
    expected = f"{amount:.2f}"
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert standardised(expected)[0] == expected
    assert standardised(english)[0] == expected
    assert standardised(f"€{german}")[0] == expected
    assert standardised(f"{amount:e}")[0] == expected


@given(st.text(max_size=30))
def test_any_text_is_a_positive_price_or_refused_and_stays_so(sent):
    price, notes = standardised(sent)
    if not notes.refusals:
        assert Decimal(price) > 0
        assert standardised(price)[0] == price


@pytest.mark.parametrize("unit", ["1", "1,", "1.", " ", "$", "e", "1 ", "-"])
def test_hostile_prices_cost_linear_time(unit):
    start = time.perf_counter()
    standardised(unit * (100_000 // len(unit)))
    assert time.perf_counter() - start < 1.0
