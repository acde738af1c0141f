"""Every request has an id, and no raw error reaches anybody."""

import json
from collections.abc import Callable

import pytest
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
)
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from reviewhub import errors

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.failed


def raising(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view that fails."""

    def view(_request: HttpRequest) -> HttpResponse:
        raise error

    return view


FAULTS: dict[str, tuple[Exception, int]] = {
    "defect": (ZeroDivisionError("secret detail"), 500),
    "database": (OperationalError("could not connect to 10.1.2.3"), 503),
    "denied": (PermissionDenied("secret detail"), 403),
    "missing": (Http404("secret detail"), 404),
    "large": (RequestDataTooBig("secret detail"), 413),
    "host": (DisallowedHost("secret detail"), 400),
}
urlpatterns = [
    path(f"{area}{name}", raising(error))
    for area in ("", "api/v1/")
    for name, (error, _) in FAULTS.items()
] + [path("fine", lambda _request: HttpResponse("fine"))]

in_this_file = override_settings(ROOT_URLCONF=__name__)


@pytest.fixture
def visitor() -> Client:
    """Return a client that sees what a visitor sees, not the exception."""
    return Client(raise_request_exception=False)


@in_this_file
@pytest.mark.parametrize("name", FAULTS)
def test_a_program_gets_a_problem_document(visitor: Client, name: str) -> None:
    response = visitor.get(f"/api/v1/{name}")
    problem = json.loads(response.content)
    assert response.status_code == FAULTS[name][1] == problem["status"]
    assert response["Content-Type"] == "application/problem+json"
    assert problem["request_id"] == response["X-Request-ID"]
    assert "secret" not in response.content.decode()
    assert "10.1.2.3" not in response.content.decode()


@in_this_file
@pytest.mark.parametrize("name", FAULTS)
def test_a_person_gets_a_page_with_the_id_and_no_detail(
    visitor: Client, name: str
) -> None:
    response = visitor.get(f"/{name}")
    page = response.content.decode()
    assert response.status_code == FAULTS[name][1]
    assert response["X-Request-ID"] in page
    assert "secret" not in page
    assert "Traceback" not in page


@in_this_file
def test_a_page_that_cannot_be_drawn_is_replaced_by_its_words(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise ValueError("secret detail")

    monkeypatch.setattr(errors, "render_to_string", broken)
    response = visitor.get("/defect")
    page = response.content.decode()
    assert response.status_code == 500
    assert response["X-Request-ID"] in page
    assert "secret" not in page


@in_this_file
def test_a_database_that_is_away_says_when_to_come_back(visitor: Client) -> None:
    assert int(visitor.get("/database")["Retry-After"]) > 0


@in_this_file
def test_a_sane_id_of_the_caller_is_kept(visitor: Client) -> None:
    response = visitor.get("/fine", headers={"X-Request-ID": "order-12345.a_b"})
    assert response["X-Request-ID"] == "order-12345.a_b"


@in_this_file
@pytest.mark.parametrize(
    "given", ["short", "a" * 65, "a space", "<b>bold</b>", "ü" * 9]
)
def test_any_other_id_is_replaced(visitor: Client, given: str) -> None:
    response = visitor.get("/fine", headers={"X-Request-ID": given})
    assert response["X-Request-ID"].startswith("req_")


@in_this_file
def test_two_requests_have_two_ids(visitor: Client) -> None:
    ids = {visitor.get("/fine")["X-Request-ID"] for _ in range(20)}
    assert len(ids) == 20


@in_this_file
@pytest.mark.parametrize("address", ["/fine?q=%00", "/fine%00", "/fine?q=%FF%FE"])
def test_an_address_that_cannot_be_read_is_a_bad_request(
    visitor: Client, address: str
) -> None:
    assert visitor.get(address).status_code == 400


def test_a_foreign_host_name_is_a_bad_request(visitor: Client) -> None:
    response = visitor.get("/nowhere/", headers={"Host": "evil.example"})
    assert response.status_code == 400


@in_this_file
def test_pages_carry_the_strict_headers(visitor: Client) -> None:
    headers = visitor.get("/fine").headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in (
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert directive in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
