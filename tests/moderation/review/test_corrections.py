"""What a moderator typed passes the rules a merchant's words pass."""

from typing import Any

import pytest

from moderation.content import Content
from moderation.review.corrections import corrected

SHOWN = Content(
    title="Stoneware mug, blue",
    description="A mug.",
    price="18.50",
    currency="EUR",
    category="Home > Mugs",
    attributes={"Colour": "blue"},
    image_urls=("https://img.example.com/1.jpg",),
)


def test_nothing_typed_is_nothing_changed() -> None:
    assert corrected(SHOWN, {}) == (SHOWN, [])


def test_only_what_was_typed_changes() -> None:
    after, problems = corrected(SHOWN, {"title": "Stoneware  mug, cobalt"})
    assert problems == []
    assert after == SHOWN.having(title="Stoneware mug, cobalt")


def test_the_other_fields_do_not_pass_the_rules_again() -> None:
    # Shown as it is for a reason: it may come from an older rule.
    odd = SHOWN.having(brand="KILNWORK  LTD")
    after, problems = corrected(odd, {"title": "Stoneware mug, cobalt"})
    assert problems == []
    assert after.brand == "KILNWORK  LTD"


def test_a_price_is_read_as_merchants_write_it() -> None:
    assert corrected(SHOWN, {"price": "1.234,50"})[0].price == "1234.50"


@pytest.mark.parametrize(
    ("corrections", "fields"),
    [
        ({"title": "", "price": "free"}, {"title", "price"}),
        ({"colour": "blue", "state": "live"}, {"colour", "state"}),
        ({"image_urls": ["ftp://x"]}, {"image_urls.0"}),
        ({"title": None}, {"title"}),
    ],
)
def test_all_that_is_wrong_is_named_and_nothing_is_changed(
    corrections: dict[str, Any], fields: set[str]
) -> None:
    after, problems = corrected(SHOWN, corrections)
    assert {problem.field for problem in problems} == fields
    assert after == SHOWN
