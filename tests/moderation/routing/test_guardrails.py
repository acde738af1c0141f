"""Each guardrail fires on its own question, and on nothing else."""

from decimal import Decimal
from typing import Any

import pytest

from moderation.content import Content
from moderation.routing.guardrails import GUARDRAILS, Facts, check_guardrails

GOOD = Content(title="Mug", price="18.50", currency="EUR", category="Home")
USUAL = (Decimal("10"), Decimal("30"))
FIRES: dict[str, list[dict[str, Any]]] = {
    "hidden_text": [
        {"raw": GOOD.having(title="M\u200bug")},
        {"raw": GOOD.having(description="\u202emug")},
        {"raw": GOOD.having(brand="Kiln\u00adwork")},
        {"raw": GOOD.having(category="Ho\ufeffme")},
        {"raw": GOOD.having(attributes={"Colour": "bl\u2066ue"})},
        {"raw": GOOD.having(attributes={"Col\U000e0041our": "blue"})},
    ],
    "prohibited_terms": [{"rule_findings": {"P-101": "pistol"}}],
    "unsupported_language": [
        {"language": "ja", "supported_languages": frozenset({"en"})},
        {"language": "", "supported_languages": frozenset({"en"})},
    ],
    "new_merchant": [
        {"is_established": False, "merchant_decisions": 0, "new_merchant_limit": 20},
        {"is_established": False, "merchant_decisions": 19, "new_merchant_limit": 20},
    ],
    "restricted_merchant": [{"is_restricted": True}],
    "near_duplicate_of_rejection": [{"near_rejection": "SUB-1"}],
    "price_anomaly": [
        {"usual_price": USUAL, "after": GOOD.having(price="1.99")},
        {"usual_price": USUAL, "after": GOOD.having(price="150.01")},
        {"usual_price": USUAL, "after": GOOD.having(price="much")},
    ],
    "quality_ask": [{"asks": {"Q-10": "Which dollar?"}}],
    "missing_field": [
        {"after": GOOD.having(**{name: ""})}
        for name in ("title", "price", "currency", "category")
    ],
    "wording_for_a_person": [{"unmended": ("P-703",)}],
    "image_unreadable": [{"reads_images": True, "image_unreadable": True}],
    "fallback_answer": [{"is_fallback": True}],
}
HOLDS: list[dict[str, Any]] = [
    {},
    {"raw": GOOD.having(title="Tasse für Müsli \u2014 70 % \U0001f600")},
    {"language": "en-GB", "supported_languages": frozenset({"en"})},
    {"language": "EN", "supported_languages": frozenset({"en"})},
    {"is_established": False, "merchant_decisions": 20, "new_merchant_limit": 20},
    {"merchant_decisions": 0, "new_merchant_limit": 20},
    {"usual_price": USUAL, "after": GOOD.having(price="2.00")},
    {"usual_price": USUAL, "after": GOOD.having(price="150.00")},
    {"reads_images": False, "image_unreadable": True},
]


def test_every_guardrail_has_its_row() -> None:
    assert set(FIRES) == set(GUARDRAILS)


@pytest.mark.parametrize(
    ("name", "facts"),
    [(name, facts) for name, rows in FIRES.items() for facts in rows],
)
def test_a_guardrail_fires_alone_with_words(name: str, facts: dict[str, Any]) -> None:
    found = check_guardrails(Facts(**{"raw": GOOD, "after": GOOD, **facts}))
    assert set(found) == set(GUARDRAILS)
    assert {veto for veto, words in found.items() if words} == {name}


@pytest.mark.parametrize("facts", HOLDS)
def test_what_is_ordinary_meets_no_veto(facts: dict[str, Any]) -> None:
    found = check_guardrails(Facts(**{"raw": GOOD, "after": GOOD, **facts}))
    assert not any(found.values())


def test_the_words_name_what_was_found() -> None:
    facts = Facts(
        raw=GOOD,
        after=GOOD,
        rule_findings={"P-102": "knife", "P-101": "pistol"},
        near_rejection="SUB-1",
        asks={"Q-10": "Which dollar?"},
    )
    found = check_guardrails(facts)
    assert "P-101, P-102" in found["prohibited_terms"]
    assert "SUB-1" in found["near_duplicate_of_rejection"]
    assert found["quality_ask"] == "Which dollar?"
