"""What is typed becomes the wire's fields, and comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.content import Problem
from moderation.web import forms

LINE = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1
)


@given(st.dictionaries(st.sampled_from(forms.TEXT_INPUTS), LINE))
def test_text_goes_through_the_form_unchanged(data: dict[str, str]) -> None:
    assert forms.typed(forms.values_of(data)) == data


def test_details_are_one_a_line_and_addresses_too() -> None:
    data = forms.typed(
        {
            "attributes": "Colour: blue\r\n\r\nSize: 2: 3\nOdd",
            "image_urls": " https://a.example/1.jpg \n\nhttps://a.example/2.jpg",
            "title": "   ",
        }
    )
    assert data == {
        "attributes": {"Colour": "blue", "Size": "2: 3", "Odd": ""},
        "image_urls": ["https://a.example/1.jpg", "https://a.example/2.jpg"],
    }


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("price", "price"),
        ("image_urls[2]", "image_urls"),
        ("attributes.Colour", "attributes"),
        ("images", "image_urls"),
        ("listing", "title"),
        ("", "title"),
    ],
)
def test_every_problem_has_an_input(field: str, name: str) -> None:
    assert forms.input_of(field) == name


def test_a_problem_stands_beside_its_input_in_the_same_words() -> None:
    entries = forms.entries({"price": "x"}, [Problem("price", "Q-09", "Write digits.")])
    assert entries["price"].value == "x"
    assert entries["price"].error == "Write digits."
    assert entries["title"].error == ""
