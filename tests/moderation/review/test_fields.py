"""What must be settled, what there is to choose, and what typing it means."""

from typing import Any

import pytest

from moderation.content import Content
from moderation.review.fields import Field, fields_of, typed_value

RAW = Content(title="MUG", price="18,5", currency="$", category="Cups", condition="NEW")
TIDY = RAW.having(title="Mug", price="18.50", currency="USD", condition="new")


def made(**options: Any) -> dict[str, Field]:
    values: dict[str, Any] = {
        "raw": RAW,
        "tidied": TIDY,
        "shown": TIDY.having(category="Home > Mugs"),
        "findings": [],
        "confidence": {},
        "thresholds": {},
        "asks": {},
    }
    return {field.name: field for field in fields_of(**{**values, **options})}


def test_nothing_is_doubtful_when_every_field_passes() -> None:
    found = made(confidence={"category": 0.95}, thresholds={"category": 0.91})
    assert not any(field.is_doubtful for field in found.values())


def test_a_field_below_its_threshold_comes_first_with_numbered_values() -> None:
    found = made(
        confidence={"category": 0.58, "title": 0.99},
        thresholds={"category": 0.91, "title": 0.91},
    )
    assert next(iter(found)) == "category"
    field = found["category"]
    assert [(c.key, c.value, c.source) for c in field.candidates] == [
        (1, "Home > Mugs", "proposed 0.58"),
        (2, "Cups", "tidied by rules"),
        (3, "", "type it"),
    ]
    assert field.why == "Category scored 0.58 and needs 0.91."
    assert [field.other_key, found["title"].other_key] == [3, 0]


def test_the_threshold_itself_passes() -> None:
    found = made(confidence={"category": 0.91}, thresholds={"category": 0.91})
    assert not found["category"].is_doubtful


def test_a_rule_that_asks_makes_the_price_doubtful_with_currencies_to_choose() -> None:
    found = made(asks={"currency": "Which dollar is meant?"})
    values = [c.value for c in found["price"].candidates]
    assert values[:2] == ["18.50 USD", "18,5 $"]
    assert "18.50 CAD" in values


def test_a_clause_that_asks_makes_its_field_doubtful() -> None:
    ask = {"code": "P-708", "field": "title", "action": "ask", "explanation": "Size?"}
    assert made(findings=[ask])["title"].why == "Size?"


def test_a_fix_is_told_where_it_was_made() -> None:
    fix = {"code": "P-701", "field": "title", "action": "fix", "quote": "call me"}
    found = made(findings=[fix])["title"]
    assert found.tells == (("P-701", "call me"),)
    assert not found.is_doubtful


def test_a_doubtful_condition_offers_the_whole_list() -> None:
    found = made(confidence={"condition": 0.2}, thresholds={"condition": 0.9})
    values = [c.value for c in found["condition"].candidates]
    assert values[0] == "new"
    assert "for_parts" in values
    assert len(values) <= 9


def test_an_empty_field_is_left_out() -> None:
    assert "brand" not in made()


@pytest.mark.parametrize(
    ("name", "text", "fields"),
    [
        ("title", " Mug\r\n", {"title": "Mug"}),
        ("price", "19.00 eur", {"price": "19.00", "currency": "EUR"}),
        ("price", "19.00", {"price": "19.00"}),
        ("price", "1 200", {"price": "1 200"}),
        ("attributes", "A: b\n\nC: d: e", {"attributes": {"A": "b", "C": "d: e"}}),
    ],
)
def test_typed_text_becomes_the_fields_it_corrects(
    name: str, text: str, fields: dict[str, Any]
) -> None:
    assert typed_value(name, text) == fields
