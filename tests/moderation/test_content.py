"""A listing's content as a value: null is absent, the hash is of all of it."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.content import FIELDS, Change, Content, Problem, sha256_of

TEXT = st.text(max_size=20)


def test_null_and_absent_and_unknown_are_one() -> None:
    given = {"title": "Mug", "brand": None, "attributes": None, "colour": "blue"}
    assert Content.from_dict(given) == Content(title="Mug")


def test_every_field_is_there_in_one_order() -> None:
    assert tuple(Content().as_dict()) == FIELDS


def test_content_cannot_be_changed() -> None:
    content = Content(title="Mug", attributes={"a": "b"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        content.title = "Pot"  # type: ignore[misc]  # that is the point
    attributes = Content.from_dict({"attributes": {"a": "b"}}).attributes
    with pytest.raises(TypeError):
        attributes["a"] = "c"  # type: ignore[index]  # that is the point
    assert content.having(title="Pot").title == "Pot"
    assert content.title == "Mug"


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_counts_in_the_hash(name: str) -> None:
    value = {"attributes": {"a": "b"}, "image_urls": ("x",), "document_urls": ("x",)}
    changed = Content(**{name: value.get(name, "x")})
    assert changed.content_hash() != Content().content_hash()


@given(title=TEXT, attributes=st.dictionaries(TEXT, TEXT, max_size=4))
def test_content_survives_being_stored(title: str, attributes: dict[str, str]) -> None:
    content = Content.from_dict({"title": title, "attributes": attributes})
    again = Content.from_dict(content.as_dict())
    assert again == content
    assert again.content_hash() == content.content_hash()


def test_the_hash_takes_any_text_and_no_order() -> None:
    assert sha256_of({"a": "\ud800", "b": 1}) == sha256_of({"b": 1, "a": "\ud800"})
    assert sha256_of("") != sha256_of(None)


def test_changes_and_problems_are_plain_data() -> None:
    assert Change("Q-05", "title", "a", "b").as_dict() == {
        "code": "Q-05",
        "field": "title",
        "before": "a",
        "after": "b",
        "silent": False,
    }
    assert Problem("title", "Q-01", "Write one.").as_dict()["message"] == "Write one."
