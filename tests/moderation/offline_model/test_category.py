"""A category that plainly is of other goods goes to a person."""

import pytest

from moderation.offline_model.category import judge_category
from moderation.offline_model.goods import familiar
from moderation.offline_model.matcher import sentences


def is_doubted(title, category, language="en"):
    texts = sentences("title", title)
    departments = familiar(texts, (language,), "").departments
    fields = {"title": title, "category": category}
    return bool(judge_category(fields, departments, (language,)).clauses)


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("Gold plated earrings with pearls", "Automotive > Parts"),
        ("Playing cards for children", "Electronics > Phones"),
        ("Cotton dress and skirt", "Automotive > Tyres"),
    ],
)
def test_a_category_that_is_strange_to_the_title_is_noticed(title, category):
    assert is_doubted(title, category)


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("Ceramic mug", "Home > Kitchen > Mugs"),
        ("Ceramic mug", "Gifts"),
        ("Silicone phone case", "Electronics > Phone accessories"),
        ("Leather belt", "Women > Apparel accessories"),
        ("Chuggington wooden engine", "Toys > Trains"),
        ("Car charger", "Electronics > Phones"),
        ("Belt case for Samsung Galaxy A54", "Electronics > Phones"),
    ],
)
def test_a_neighbouring_category_stands(title, category):
    assert not is_doubted(title, category)
