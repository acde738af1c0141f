"""Schemas against what was sent: each difference named in our own words."""

from typing import Any

import pytest
from django.test import RequestFactory
from pydantic import BaseModel

from moderation.api import review_schemas, schemas
from moderation.api.check import _WORDS, idempotency_key, read_model, read_query
from moderation.api.problems import ApiError
from moderation.api.review_schemas import DecisionIn, ModeIn, SkipIn
from moderation.api.schemas import ListingQuery, Write

TOKEN = "6f1d2c9e-3f43-4b8e-9a53-0d3a3f8f1f10"
WRITES = [
    model
    for module in (schemas, review_schemas)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, Write) and model is not Write
]


def read(model: type[BaseModel], body: str) -> Any:
    """Read a body as a model."""
    request = RequestFactory().post("/", body, content_type="application/json")
    return read_model(request, model)


def errors(model: type[BaseModel], body: str) -> dict[str, tuple[str, str]]:
    """Return code and message of each error by pointer."""
    with pytest.raises(ApiError) as caught:
        read(model, body)
    assert caught.value.slug == "invalid"
    return {e.pointer: (e.code, e.message) for e in caught.value.errors}


def test_every_write_refuses_fields_it_does_not_know() -> None:
    assert len(WRITES) >= 7
    for model in WRITES:
        assert model.model_config["extra"] == "forbid", model.__name__
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_null_is_the_same_as_absent() -> None:
    found = read(SkipIn, f'{{"lease_token": "{TOKEN}", "reason": null}}')
    assert found.reason == ""
    assert errors(SkipIn, '{"lease_token": null}')["/lease_token"][0] == "required"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("lease_token", '"x"', "malformed"),
        ("lease_token", "7", "malformed"),
        ("lease_token", "[]", "malformed"),
        ("outcome", '"APPROVED"', "not_a_choice"),
        ("outcome", "1", "not_a_choice"),
        ("clauses", '"P-101"', "wrong_type"),
        ("clauses", "{}", "wrong_type"),
        ("corrections", "[]", "wrong_type"),
        ("statement", "7", "wrong_type"),
        ("note", f'"{"x" * 4001}"', "too_long"),
        ("x~/y", "1", "unknown_field"),
    ],
)
def test_a_bad_field_is_named_with_a_code_and_a_remedy(
    field: str, value: str, code: str
) -> None:
    good = {"lease_token": f'"{TOKEN}"', "outcome": '"approved"'} | {field: value}
    body = ", ".join(f'"{name}": {text}' for name, text in good.items())
    found = errors(DecisionIn, f"{{{body}}}")
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    assert found[pointer][0] == code
    assert found[pointer][1].endswith(".")


def test_an_item_of_a_list_is_pointed_at() -> None:
    body = f'{{"lease_token": "{TOKEN}", "outcome": "rejected", "clauses": ["P", 7]}}'
    assert errors(DecisionIn, body) == {"/clauses/1": ("wrong_type", "Send a text.")}


@pytest.mark.parametrize("body", ["[]", '"x"', "7", "null", "true"])
def test_what_is_no_object_is_named_as_a_whole(body: str) -> None:
    assert errors(ModeIn, body) == {"": ("wrong_type", "Send an object.")}


def test_our_words_have_no_gap_left_open() -> None:
    for code, words in _WORDS.values():
        assert code
        assert words.endswith(".")


def test_an_empty_parameter_is_the_same_as_none() -> None:
    query = read_query(RequestFactory().get("/?status=&cursor="), ListingQuery)
    assert (query.status, query.cursor, query.limit) == (None, None, 50)


def test_a_request_without_a_key_is_not_remembered() -> None:
    assert idempotency_key(RequestFactory().post("/")) is None
