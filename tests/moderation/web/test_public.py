"""The doors: where each role lands, and how often a password may be tried."""

from collections.abc import Callable

import pytest
from django.test import Client, override_settings

from moderation.access.attempts import TRIES_OF_A_NAME
from moderation.models import AuditEvent
from tests.moderation.web.world import PASSWORD, World


def sign_in(client: Client, name: str, password: str, **more: str) -> object:
    return client.post("/login/", {"username": name, "password": password, **more})


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("moderator", "/review/"),
        ("senior", "/review/"),
        ("admin", "/ops/"),
        ("auditor", "/ops/"),
        ("stranger", "/account/"),
    ],
)
def test_each_role_lands_where_its_work_is(
    client_of: Callable[[str], Client], role: str, place: str
) -> None:
    assert client_of(role).get("/")["Location"] == place


def test_signing_in_goes_on_to_where_the_person_was_heading(world: World) -> None:
    client = Client()
    asked = client.get("/review/")
    assert asked["Location"] == "/login/?next=%2Freview%2F"
    response = sign_in(client, "moderator", PASSWORD, next="/review/")
    assert response["Location"] == "/review/"  # type: ignore[index]


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example", "javascript:1"]
)
def test_signing_in_never_leads_elsewhere(world: World, target: str) -> None:
    response = sign_in(Client(), "moderator", PASSWORD, next=target)
    assert response["Location"] == "/"  # type: ignore[index]


def test_a_wrong_password_keeps_the_name_and_says_one_sentence(world: World) -> None:
    response = sign_in(Client(), "moderator", "wrong")
    html = response.content.decode()  # type: ignore[attr-defined]
    assert response.status_code == 422  # type: ignore[attr-defined]
    assert 'value="moderator"' in html
    assert "That user name and password do not go together." in html
    unknown = sign_in(Client(), "nobody", "wrong").content.decode()  # type: ignore[attr-defined]
    assert "That user name and password do not go together." in unknown


def test_tries_of_one_name_are_limited_and_others_are_not(world: World) -> None:
    client = Client()
    for _ in range(TRIES_OF_A_NAME):
        assert sign_in(client, "moderator", "wrong").status_code == 422  # type: ignore[attr-defined]
    refused = sign_in(client, "moderator", PASSWORD)
    assert refused.status_code == 429  # type: ignore[attr-defined]
    html = refused.content.decode()  # type: ignore[attr-defined]
    assert "Too many tries. Wait" in html
    assert 'value="moderator"' in html
    assert 1 <= int(refused["Retry-After"]) <= 300  # type: ignore[index]
    assert AuditEvent.objects.filter(action="sign_in_locked").count() == 1
    assert sign_in(client, "admin", PASSWORD).status_code == 303  # type: ignore[attr-defined]


def test_demo_accounts_are_named_on_loopback_only(world: World) -> None:
    words = "This is a demo on your own machine"
    assert words in Client().get("/login/").content.decode()
    far = Client(REMOTE_ADDR="203.0.113.9").get("/login/").content.decode()
    assert words not in far
    with override_settings(ON_LOOPBACK=False):
        assert words not in Client().get("/login/").content.decode()


def test_signing_out_ends_the_session(client_of: Callable[[str], Client]) -> None:
    client = client_of("merchant")
    assert client.post("/logout/")["Location"] == "/"
    assert client.get("/listings/")["Location"].startswith("/login/")


def test_the_front_page_needs_nobody(db: None) -> None:
    html = Client().get("/").content.decode()
    assert "Clear listings go live. Doubtful ones reach you." in html
