"""Keys at the door: live ones get in, within their scopes and their rate."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from moderation.access import limits
from moderation.models import ApiKey
from tests.moderation.api.conftest import Caller, caller_of, problem_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "sent",
    [
        *("", "Bearer", "Bearer ", "Basic cmg6cmg=", "rh_live_00000000_x", "Bearer é"),
        *("Bearer rh_live_00000000_" + "0" * 43, "Bearer " + "x" * 5000, "Token a"),
    ],
)
def test_without_a_live_key_nothing_is_told(
    seller: Caller, client: Any, sent: str
) -> None:
    headers = {"Authorization": sent.encode().decode("latin-1")} if sent else {}
    response = client.get("/api/v1/listings", headers=headers)
    problem_of(response, 401)
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_wrong_secret_does_not_open_a_real_prefix(seller: Caller) -> None:
    seller.key = seller.key[:-1] + ("0" if seller.key[-1] != "0" else "1")
    problem_of(seller.get("/listings"), 401)


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_an_ended_key_opens_nothing(seller: Caller, end: str) -> None:
    assert seller.get("/listings").status_code == 200
    ApiKey.objects.update(**{end: timezone.now()})
    problem_of(seller.get("/listings"), 401)


def test_who_leaves_takes_their_keys_along(moderator: Caller) -> None:
    user = ApiKey.objects.get().user
    user.groups.clear()
    problem_of(moderator.get("/listings"), 401)


def test_a_key_without_the_scope_is_forbidden(seller: Caller) -> None:
    ApiKey.objects.update(scopes=["listings:read"])
    assert seller.get("/listings").status_code == 200
    found = problem_of(seller.post("/listings", {}), 403)
    assert "listings:write" in found["detail"]


def test_the_last_use_is_noted_once_a_minute(seller: Caller) -> None:
    seller.get("/listings")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    seller.get("/listings")
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    seller.get("/listings")
    last = ApiKey.objects.get().last_used_at
    assert last is not None
    assert last >= first


def test_the_rate_is_told_ahead_and_its_end_is_429(
    merchant: Any, settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(limits.time, "time", lambda: 6_000_010.0)
    settings.REVIEWHUB_RATE_LIMIT_PER_MINUTE = 2
    busy, calm = caller_of("merchant", merchant, "a"), caller_of("merchant", merchant)
    for remaining in (1, 0):
        response = busy.get("/listings")
        assert response.status_code == 200
        assert response["RateLimit-Limit"] == "2"
        assert response["RateLimit-Remaining"] == str(remaining)
        assert response["RateLimit-Reset"] == "50"
    response = busy.get("/listings")
    problem_of(response, 429)
    assert response["Retry-After"] == response["RateLimit-Reset"] == "50"
    assert response["RateLimit-Remaining"] == "0"
    assert calm.get("/listings").status_code == 200
    monkeypatch.setattr(limits.time, "time", lambda: 6_000_060.0)
    assert busy.get("/listings").status_code == 200


def test_a_cache_that_is_away_stops_nobody(
    seller: Caller, monkeypatch: Any, settings: Any
) -> None:
    settings.REVIEWHUB_RATE_LIMIT_PER_MINUTE = 1
    asked = []

    def away(*args: Any, **kwargs: Any) -> None:
        asked.append(args)
        raise ConnectionError("away")

    monkeypatch.setattr(cache, "add", away)
    for _ in range(3):
        assert seller.get("/listings").status_code == 200
    assert len(asked) == 1, "a cache that is away is not asked each time"
    limits._rest.end()
