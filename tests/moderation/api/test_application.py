"""The frame: whatever fails below, the caller reads a problem document."""

import json
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from moderation.api import find
from moderation.telemetry import metrics
from tests.moderation.api.conftest import Caller, problem_of

pytestmark = pytest.mark.django_db


def break_with(error: Exception, monkeypatch: Any) -> None:
    """Make every look-up of submissions fail."""

    def fail(*args: Any) -> None:
        raise error

    monkeypatch.setattr(find, "visible_submissions", fail)


@pytest.mark.parametrize("debug", [True, False])
def test_a_defect_of_ours_is_500_and_tells_nothing_of_it(
    seller: Caller, monkeypatch: Any, settings: Any, debug: bool
) -> None:
    settings.DEBUG = debug
    break_with(RuntimeError("secret detail"), monkeypatch)
    response = seller.get("/listings")
    assert problem_of(response, 500)["type"].endswith("/failed")
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content


@pytest.mark.parametrize("error", [OperationalError("x"), InterfaceError("x")])
def test_a_database_that_is_away_is_503_and_counted(
    seller: Caller, monkeypatch: Any, error: Exception
) -> None:
    before = metrics.DATABASE_UNAVAILABLE._value.get()
    break_with(error, monkeypatch)
    response = seller.get("/listings")
    assert problem_of(response, 503)["type"].endswith("/unavailable")
    assert int(response["Retry-After"]) > 0
    assert metrics.DATABASE_UNAVAILABLE._value.get() == before + 1


def test_no_answer_is_kept_by_anyone_on_the_way(
    seller: Caller, anonymous: Caller
) -> None:
    for response in (
        seller.get("/listings"),
        seller.get("/listings/x"),
        anonymous.get("/listings"),
    ):
        assert response["Cache-Control"] == "no-store"


def test_a_head_has_the_headers_of_a_get_and_no_body(seller: Caller) -> None:
    full, short = seller.get("/listings"), seller.call("HEAD", "/listings")
    assert short.status_code == full.status_code == 200
    assert short.content == b""
    assert short["Content-Type"] == full["Content-Type"]


def test_a_session_opens_no_call(client: Any, django_user_model: Any) -> None:
    boss = django_user_model.objects.create_superuser("boss", password="x")
    client.force_login(boss)
    problem_of(client.get("/api/v1/mode"), 401)


def test_a_call_needs_no_csrf_token(seller: Caller) -> None:
    seller.client.handler.enforce_csrf_checks = True
    response = seller.post("/listings", {})
    assert json.loads(response.content)["status"] == 422
