"""Where a second factor is required: every role, every address, and the way out."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone
from pytest_django.fixtures import Settings

from moderation.access import factors
from moderation.access.actor import Actor
from moderation.access.keys import issue_key
from moderation.web.second_factor import SESSION_PASSED
from moderation.web.urls import urlpatterns
from tests.moderation.web.test_urls import PARTS
from tests.moderation.web.world import PASSWORD, World

LED = ("moderator", "senior", "admin")
LEFT_ALONE = ("", "stranger", "merchant", "auditor")
# What is open on the way to a second factor.
OPEN = {
    "login",
    "login-second",
    "logout",
    "confirm",
    "welcome",
    "security",
    "security-app",
    "security-passkey",
    "security-remove",
    "security-recovery",
    "security-password",
    "security-end",
}
WAY = "/account/security/"


@pytest.fixture(autouse=True)
def _required(settings: Settings) -> None:
    settings.REVIEWHUB_REQUIRE_SECOND_FACTOR = True


def addresses() -> Iterator[tuple[str, str]]:
    """Yield the name and a path of every page."""
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        path = f"/{pattern.pattern}"
        for part, value in {**PARTS, "<str:public_id>": "NONE-1"}.items():
            path = path.replace(part, value)
        yield str(pattern.name), path


@pytest.mark.parametrize("role", LED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_staff_without_one_reach_nothing_but_the_way_to_one(
    client_of: Callable[[str], Client], role: str, method: str
) -> None:
    wrong = []
    for name, path in addresses():
        answer = client_of(role).generic(method, path)
        is_led = answer.status_code == 303 and answer["Location"] == WAY
        # The acts on that page lead back to it as well.
        if is_led is (name in OPEN) and not (name in OPEN and method == "POST"):
            wrong.append(f"{method} {path}")
    assert not wrong


@pytest.mark.parametrize("role", LEFT_ALONE)
def test_others_are_left_alone(client_of: Callable[[str], Client], role: str) -> None:
    led = [
        path
        for _, path in addresses()
        if client_of(role).get(path).headers.get("Location") == WAY
    ]
    assert led == []


@pytest.mark.parametrize("role", LED)
def test_an_htmx_request_is_led_there_too(
    client_of: Callable[[str], Client], role: str
) -> None:
    answer = client_of(role).get("/review/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == WAY


def test_programs_with_a_key_go_on(world: World) -> None:
    key = issue_key(
        name="bot",
        role="moderator",
        by=world.actor("admin"),
        user=world.people["moderator"],
    )
    answer = Client().get(
        f"/api/v1/review/tasks/{world.task().public_id}",
        headers={"Authorization": f"Bearer {key.text}"},
    )
    assert answer.status_code == 200


def test_the_way_ends_where_the_work_is(world: World) -> None:
    client = Client()
    data = {"username": "moderator", "password": PASSWORD, "next": "/review/"}
    assert client.post("/login/", data)["Location"] == "/review/"
    assert client.get("/review/")["Location"] == WAY
    assert "Your role needs a second factor" in client.get(WAY).content.decode()
    client.get(f"{WAY}app/")
    secret = client.session["new_app_secret"]
    code = factors.code_at(secret, timezone.now())
    assert client.post(f"{WAY}app/", {"code": code}).status_code == 200
    assert client.get("/review/").status_code == 200
    assert client.session[SESSION_PASSED] is True


def test_removing_the_last_one_leads_back_to_the_way(world: World) -> None:
    client = Client()
    user = world.people["moderator"]
    then = timezone.now() - timedelta(minutes=10)
    secret = factors.new_secret()
    typed = factors.code_at(secret, then)
    codes = factors.enrol_app(
        user=user, secret=secret, code=typed, by=Actor.person(user), now=then
    )
    client.post("/login/", {"username": "moderator", "password": PASSWORD})
    client.post("/login/second/", {"code": codes[0]})
    assert client.get("/review/").status_code == 200
    app = factors.factors_of(user).app
    assert app is not None
    client.post(f"{WAY}{app.pk}/remove/")
    assert client.get("/review/")["Location"] == WAY


def test_a_session_from_before_the_second_factor_must_sign_in_again(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("moderator")
    user = world.people["moderator"]
    now = timezone.now()
    secret = factors.new_secret()
    typed = factors.code_at(secret, now)
    by = Actor.person(user)
    factors.enrol_app(user=user, secret=secret, code=typed, by=by, now=now)
    assert client.get("/review/")["Location"] == "/login/"
    assert client.get(WAY)["Location"].startswith("/login/")
