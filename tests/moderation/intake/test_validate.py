"""The shape of a listing: every bad field at once, each with its remedy."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.content import FIELDS, Content
from moderation.intake.sanitize import sanitize
from moderation.intake.validate import all_problems, validate

GOOD = {
    "external_id": "SKU-1042",
    "title": "Blue stoneware mug",
    "description": "A blue stoneware mug for coffee, dishwasher safe.",
    "price": "12.90",
    "currency": "EUR",
    "category": "Home > Kitchen > Mugs",
    "attributes": {"Colour": "blue"},
    "image_urls": ["https://img.example.com/1.jpg"],
    "language": "en",
}


def found(data, unknown="refuse"):
    return {
        (problem.field, problem.code)
        for problem in validate(data, unknown=unknown).problems
    }


def test_a_good_listing_becomes_content():
    validated = validate(GOOD, unknown="refuse")
    assert validated.problems == ()
    assert validated.external_id == "SKU-1042"
    assert validated.content == Content.from_dict(GOOD)


def test_null_equals_absent():
    data = GOOD | dict.fromkeys(
        ("description", "brand", "condition", "attributes", "document_urls", "language")
    )
    data["image_urls"] = None
    validated = validate(data, unknown="refuse")
    assert validated.problems == ()
    assert validated.content.image_urls == ()
    data["attributes"] = {"Colour": None, "Size": "L"}
    validated = validate(data, unknown="refuse")
    assert dict(validated.content.attributes) == {"Size": "L"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"external_id": None}, ("external_id", "required")),
        ({"external_id": "  "}, ("external_id", "blank")),
        ({"external_id": 7}, ("external_id", "wrong_type")),
        ({"external_id": "x" * 201}, ("external_id", "too_long")),
        ({"external_id": "A\x00"}, ("external_id", "not_printable")),
        ({"external_id": "A\ud800"}, ("external_id", "not_printable")),
        ({"title": 7}, ("title", "wrong_type")),
        ({"title": ["Mug"]}, ("title", "wrong_type")),
        ({"title": "x" * 2_001}, ("title", "too_long")),
        ({"title": "x" * 100_000}, ("title", "too_long")),
        ({"description": "x" * 60_001}, ("description", "too_long")),
        ({"description": {"a": 1}}, ("description", "wrong_type")),
        ({"price": True}, ("price", "wrong_type")),
        ({"price": "9" * 501}, ("price", "too_long")),
        ({"currency": 978}, ("currency", "wrong_type")),
        ({"category": "x" * 501}, ("category", "too_long")),
        ({"brand": False}, ("brand", "wrong_type")),
        ({"condition": 0}, ("condition", "wrong_type")),
        ({"language": "english please"}, ("language", "wrong_format")),
        ({"language": 1}, ("language", "wrong_type")),
        ({"attributes": []}, ("attributes", "wrong_type")),
        ({"attributes": {"Size": 7}}, ("attributes.Size", "wrong_type")),
        ({"attributes": {"Size": "x" * 2_001}}, ("attributes.Size", "too_long")),
        ({"attributes": {"x" * 101: "a"}}, (f"attributes.{'x' * 60}", "too_long")),
        ({"attributes": {" ": "a"}}, ("attributes", "blank")),
        ({"attributes": {str(i): "a" for i in range(101)}}, ("attributes", "too_many")),
        ({"image_urls": "https://a.example/"}, ("image_urls", "wrong_type")),
        ({"image_urls": [7]}, ("image_urls.0", "wrong_type")),
        ({"image_urls": ["a.jpg"]}, ("image_urls.0", "bad_url")),
        (
            {"image_urls": ["https://a.example/" + "x" * 2_000]},
            ("image_urls.0", "too_long"),
        ),
        ({"image_urls": ["https://a.example/"] * 31}, ("image_urls", "too_many")),
        ({"document_urls": ["ftp://a.example"]}, ("document_urls.0", "bad_url")),
        ({"colour": "red"}, ("colour", "unknown_field")),
    ],
)
def test_each_bad_field_is_named_with_its_remedy(change, problem):
    validated = validate(GOOD | change, unknown="refuse")
    assert {(p.field, p.code) for p in validated.problems} == {problem}
    assert validated.content is None
    assert all(p.message.endswith((".", ")")) for p in validated.problems)


def test_every_bad_field_is_named_at_once():
    bad = GOOD | {"external_id": None, "title": 7, "image_urls": ["x"], "zzz": 1}
    assert found(bad) == {
        ("external_id", "required"),
        ("title", "wrong_type"),
        ("image_urls.0", "bad_url"),
        ("zzz", "unknown_field"),
    }


def test_unknown_fields_are_ignored_and_listed_for_files():
    validated = validate(GOOD | {"source": "shop", "x\ud800": 1}, unknown="ignore")
    assert validated.content is not None
    assert validated.ignored == ("source", "x")


def test_very_many_unknown_fields_are_counted():
    data = GOOD | {f"f{index}": 1 for index in range(5_000)}
    assert len(validate(data, unknown="refuse").problems) == 21


@pytest.mark.parametrize("raw", [None, [], "text", 7, True, float("nan"), [GOOD]])
def test_what_is_no_object_is_one_problem(raw):
    validated = validate(raw, unknown="refuse")
    assert [problem.code for problem in validated.problems] == ["wrong_type"]
    assert all_problems(validated) == (validated.problems, None)


def test_quality_refusals_and_problems_of_shape_are_named_together():
    bad = GOOD | {"title": None, "price": "call", "currency": 7, "image_urls": ["x"]}
    problems, standardised = all_problems(validate(bad, unknown="refuse"))
    assert standardised is None
    assert {(problem.field, problem.code) for problem in problems} == {
        ("currency", "wrong_type"),
        ("image_urls.0", "bad_url"),
        ("title", "Q-08"),
        ("price", "Q-09"),
    }


def test_a_good_listing_has_no_problems_and_is_standardised():
    problems, standardised = all_problems(validate(GOOD, unknown="refuse"))
    assert problems == ()
    assert standardised.content.price == "12.90"


def test_deep_nesting_is_a_wrong_type():
    deep = json.loads("[" * 900 + "]" * 900)
    assert ("title", "wrong_type") in found(GOOD | {"title": deep})


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(["external_id", *FIELDS]) | st.text(max_size=5)


@given(st.dictionaries(NAMES, ANY, max_size=8) | ANY, st.booleans())
def test_anything_that_json_can_say_gets_an_answer_that_can_be_stored(raw, clean):
    if clean and isinstance(raw, dict):
        raw, _ = sanitize(raw)
    validated = validate(raw, unknown="refuse")
    problems, standardised = all_problems(validated)
    assert (validated.content is None) == bool(validated.problems)
    assert (standardised is None) == bool(problems)
    for problem in problems:
        problem.field.encode()
        problem.message.encode()
