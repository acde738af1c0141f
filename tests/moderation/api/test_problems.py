"""Problem documents: one shape, pointers that lead somewhere."""

import json

import pytest
from django.test import RequestFactory

from moderation.api.problems import (
    KINDS,
    ApiError,
    FieldError,
    invalid,
    pointer_of,
    problem_response,
)


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("title", "/title"),
        ("attributes.Colour", "/attributes/Colour"),
        ("attributes.a.b/c~d", "/attributes/a.b~1c~0d"),
        ("image_urls.3", "/image_urls/3"),
        ("image_urls[3]", "/image_urls/3"),
        ("image_urls", "/image_urls"),
        ("corrections.attributes.Colour", "/corrections/attributes/Colour"),
        ("own.field", "/own.field"),
        ("a/b", "/a~1b"),
        ("listing", ""),
        ("", ""),
    ],
)
def test_a_field_of_a_verb_becomes_a_pointer_into_the_body(
    field: str, pointer: str
) -> None:
    assert pointer_of(field) == pointer


@pytest.mark.parametrize("slug", KINDS)
def test_each_kind_says_what_happened_and_what_to_do(slug: str) -> None:
    request = RequestFactory().get("/")
    request.request_id = "abc12345"  # type: ignore[attr-defined]
    response = problem_response(request, ApiError(slug))
    found = json.loads(response.content)
    assert response.status_code == found["status"] == KINDS[slug].status
    assert found["type"] == f"/api/v1/docs/problems/{slug}"
    assert found["detail"] == KINDS[slug].remedy
    assert found["instance"] == found["request_id"] == "abc12345"
    assert "errors" not in found
    assert KINDS[slug].meaning.endswith(".")


def test_what_no_page_can_hold_is_still_quoted_back_safely() -> None:
    error = invalid([FieldError("/\ud800", "\ud800", "unknown_field", "Leave it out.")])
    response = problem_response(RequestFactory().get("/"), error)
    assert response.content.isascii()
    assert json.loads(response.content)["errors"][0]["field"] == "\ud800"
