"""Only what nothing can store goes, and it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.intake.sanitize import sanitize, storable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "bad", ["\x00", "\ud800", "\ufffe", "\uffff", "\ufdd0", "\U000e0041"]
)
def test_characters_that_nothing_can_hold_are_removed_and_told(bad):
    clean, changes = sanitize({"title": f"Blue{bad} mug"})
    assert clean == {"title": "Blue mug"}
    assert [(change.field, change.after) for change in changes] == [
        ("title", "Blue mug")
    ]
    assert storable(changes[0].before) == changes[0].before


def test_only_nul_is_named_since_only_it_is_a_control_character_of_the_policy():
    _, changes = sanitize({"title": "a\x00", "brand": "b\ud800"})
    assert [(change.code, change.silent) for change in changes] == [
        ("Q-04", False),
        ("unstorable_characters", True),
    ]


def test_line_breaks_are_unified_silently():
    clean, changes = sanitize({"description": "a\r\nb\rc\n"})
    assert clean == {"description": "a\nb\nc\n"}
    assert [change.silent for change in changes] == [True]


def test_lists_and_attributes_are_cleaned_with_their_names():
    clean, changes = sanitize(
        {"attributes": {"Col\x00our": "r\x00ed"}, "image_urls": ["https://a/\x00"]}
    )
    assert clean == {"attributes": {"Colour": "red"}, "image_urls": ["https://a/"]}
    assert {change.field for change in changes} == {
        "attributes",
        "attributes.Colour",
        "image_urls.0",
    }


@pytest.mark.parametrize(
    "text", ["a\u200bb", "<b>", "a\tb", "\u202e", "😀", "\x07", "é"]
)
def test_what_can_be_stored_is_left_to_the_standards(text):
    assert sanitize({"title": text}) == ({"title": text}, ())


def test_the_merchants_reference_is_never_altered():
    assert sanitize({"external_id": "A\x001"}) == ({"external_id": "A\x001"}, ())


def test_the_data_given_is_not_changed():
    raw = {"attributes": {"a": "b\x00"}}
    sanitize(raw)
    assert raw == {"attributes": {"a": "b\x00"}}


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_a_second_time_there_is_nothing_left_to_clean(raw):
    clean, _ = sanitize(raw)
    assert sanitize(clean)[1] == ()


def test_bottomless_nesting_is_passed_on():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    clean, changes = sanitize({"title": deep})
    assert set(clean) == {"title"}
    assert changes == ()
