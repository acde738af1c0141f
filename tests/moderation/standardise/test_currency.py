"""Q-10: currency codes and signs."""

import pytest

from moderation.standardise.currency import CODES, currencies_of, standard_currency
from moderation.standardise.notes import Notes


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("Rp", "IDR"),
        ("RM", "MYR"),
        ("€", "EUR"),
        ("£", "GBP"),
        ("US$", "USD"),
        ("฿", "THB"),
        ("₫", "VND"),
        ("S$", "SGD"),
        ("R$", "BRL"),
        ("usd", "USD"),
        ("Eur", "EUR"),
    ],
)
def test_signs_and_lower_case_codes_are_mapped_by_name(sent, code):
    notes = Notes()
    assert standard_currency(sent, notes) == code
    assert [(change.code, change.silent) for change in notes.changes] == [
        ("Q-10", False)
    ]
    assert not notes.refusals


@pytest.mark.parametrize("sent", ["USD", "VND", "PLN", "RON"])
def test_a_code_in_capitals_stays(sent):
    notes = Notes()
    assert standard_currency(sent, notes) == sent
    assert notes == Notes()


def test_spaces_around_a_code_go_silently():
    notes = Notes()
    assert standard_currency(" EUR ", notes) == "EUR"
    assert [change.silent for change in notes.changes] == [True]


@pytest.mark.parametrize(
    "sent", ["XBT", "XXX", "dollars", "¥", "12", "EU", "USDT", "ß"]
)
def test_anything_else_is_refused(sent):
    notes = Notes()
    assert standard_currency(sent, notes) == sent
    assert [refusal.code for refusal in notes.refusals] == ["Q-10"]


def test_a_bare_dollar_sign_is_asked_about():
    notes = Notes()
    assert standard_currency("$", notes) == "$"
    assert [ask.code for ask in notes.asks] == ["Q-10"]
    assert not notes.refusals


def test_a_sign_in_a_price_names_the_currencies_it_can_mean():
    assert currencies_of("Rp.") == {"IDR"}
    assert {"USD", "MXN", "SGD"} <= (currencies_of("$") or set())
    assert currencies_of("us$ USD") == {"USD"}
    assert currencies_of("lei") >= {"RON"}
    assert currencies_of("pieces") is None
    assert currencies_of("EUR USD") is None
    assert currencies_of("") is None


def test_every_code_has_three_capitals():
    assert all(len(code) == 3 and code.isupper() for code in CODES)
