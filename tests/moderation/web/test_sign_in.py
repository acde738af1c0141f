"""The second step, the question whether it is still you, and the invitation's link."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from moderation.access import factors, people
from moderation.access.actor import Actor
from moderation.access.attempts import TRIES_OF_A_CODE
from moderation.models import AuditEvent
from moderation.web.sign_in import SESSION_PENDING, too_many
from tests.moderation.web.world import PASSWORD, World

SECRET = factors.new_secret()


def code(ahead_s: int = 0) -> str:
    """Return the code of the app, now or a little later."""
    return factors.code_at(SECRET, timezone.now() + timedelta(seconds=ahead_s))


@pytest.fixture
def codes(world: World) -> list[str]:
    """Give the moderator an app, a while ago; return the recovery codes."""
    user = world.people["moderator"]
    then = timezone.now() - timedelta(minutes=10)
    typed = factors.code_at(SECRET, then)
    by = Actor.person(user)
    return factors.enrol_app(user=user, secret=SECRET, code=typed, by=by, now=then)


def password_shown(name: str = "moderator", **more: str) -> Client:
    """Return a client that has passed the first step."""
    client = Client()
    data = {"username": name, "password": PASSWORD, **more}
    assert client.post("/login/", data)["Location"] == "/login/second/"
    return client


def is_inside(client: Client) -> bool:
    """Return whether the client is signed in."""
    return client.get("/account/").status_code == 200


@pytest.mark.usefixtures("codes")
def test_the_password_alone_opens_nothing_and_the_code_goes_on_to_the_target() -> None:
    client = password_shown(next="/review/history/")
    assert not is_inside(client)
    assert "Second step" in client.get("/login/second/").content.decode()
    before = client.session.session_key
    answer = client.post("/login/second/", {"code": code()})
    assert answer["Location"] == "/review/history/"
    assert is_inside(client)
    assert client.session.session_key != before
    assert SESSION_PENDING not in client.session


@pytest.mark.usefixtures("codes")
def test_a_code_seen_once_opens_no_second_session() -> None:
    seen = code()
    assert password_shown().post("/login/second/", {"code": seen}).status_code == 303
    again = password_shown().post("/login/second/", {"code": seen})
    assert again.status_code == 422
    assert "That code is not right" in again.content.decode()
    event = AuditEvent.objects.get(action="second_step_failed")
    assert event.actor == "person:moderator"
    assert seen not in str(vars(event))


def test_a_recovery_code_opens_once_and_says_how_many_are_left(
    codes: list[str],
) -> None:
    client = password_shown()
    client.post("/login/second/", {"code": codes[0]})
    assert "9 left" in client.get("/account/").content.decode()
    assert AuditEvent.objects.filter(action="use_recovery_code").count() == 1
    again = password_shown().post("/login/second/", {"code": codes[0]})
    assert again.status_code == 422


def test_the_second_step_is_limited_even_with_the_right_code(codes: list[str]) -> None:
    client = password_shown()
    for _ in range(TRIES_OF_A_CODE):
        assert client.post("/login/second/", {"code": "000000"}).status_code == 422
    refused = client.post("/login/second/", {"code": codes[0]})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1
    assert "Too many tries." in refused.content.decode()
    assert AuditEvent.objects.filter(action="second_step_locked").count() == 1


@pytest.mark.usefixtures("codes")
def test_what_was_shown_ends_with_a_new_password_or_after_ten_minutes(
    world: World,
) -> None:
    late, changed = password_shown(), password_shown()
    session = late.session
    session[SESSION_PENDING] = session[SESSION_PENDING] | {"at": 0}
    session.save()
    user = world.people["moderator"]
    assert late.post("/login/second/", {"code": code()})["Location"] == "/login/"
    user.set_password("another long word")
    user.save()
    assert changed.post("/login/second/", {"code": code()})["Location"] == "/login/"


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("answer", ["{}", "[]", "nonsense", '{"id": 1}', "[" * 9000])
def test_a_made_up_passkey_answer_is_refused_not_an_error(answer: str) -> None:
    refused = password_shown().post("/login/second/", {"credential": answer})
    assert refused.status_code == 422
    assert "not one of your passkeys" in refused.content.decode()


def grown_old(client: Client) -> Client:
    """Let the client's sign-in be twenty minutes old."""
    UserSession.objects.filter(session_key=client.session.session_key).update(
        created_at=timezone.now() - timedelta(minutes=20)
    )
    return client


def test_an_old_sign_in_is_asked_again_and_comes_back_to_the_form(
    client_of: Callable[[str], Client],
) -> None:
    client = grown_old(client_of("admin"))
    asked = client.get("/ops/people/new/")
    assert asked["Location"] == "/account/confirm/?next=%2Fops%2Fpeople%2Fnew%2F"
    wrong = client.post("/account/confirm/", {"password": "no"})
    assert wrong.status_code == 422
    data = {"password": PASSWORD, "next": "/ops/people/new/"}
    assert client.post("/account/confirm/", data)["Location"] == "/ops/people/new/"
    assert client.get("/ops/people/new/").status_code == 200


def test_what_an_old_sign_in_posts_is_not_done_and_it_returns_to_the_page(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = grown_old(client_of("admin"))
    page = "/ops/people/stranger/"
    for header in ("Referer", "HX-Current-URL"):
        asked = client.post(
            f"{page}deactivate/", headers={header: f"http://testserver{page}"}
        )
        assert asked["Location"] == (
            "/account/confirm/?next=%2Fops%2Fpeople%2Fstranger%2F&held=1"
        )
    assert User.objects.get(username="stranger").is_active
    held = client.get(asked["Location"]).content.decode()
    assert "Nothing was changed yet." in held
    foreign = client.post(
        f"{page}deactivate/", headers={"Referer": "https://evil.example/x"}
    )
    assert foreign["Location"] == "/account/confirm/?next=%2F&held=1"


@pytest.mark.usefixtures("codes")
def test_a_code_confirms_as_well_as_the_password(
    client_of: Callable[[str], Client],
) -> None:
    client = grown_old(client_of("moderator"))
    assert client.get("/account/security/password/").status_code == 200
    asked = client.post("/account/security/recovery/")
    assert asked["Location"].startswith("/account/confirm/")
    data = {"code": code(), "next": "//evil.example"}
    assert client.post("/account/confirm/", data)["Location"] == "/"
    assert client.post("/account/security/recovery/").status_code == 200


def test_the_stop_switch_never_asks_again(
    client_of: Callable[[str], Client],
) -> None:
    client = grown_old(client_of("admin"))
    data = {"mode": "humans_only", "note": "now"}
    assert client.post("/ops/mode/", data)["Location"] == "/ops/"


@pytest.fixture
def link(world: World) -> str:
    """Return the link of an invited moderator."""
    made = people.invite(
        username="jo",
        full_name="Jo",
        roles=["moderator"],
        merchants=[],
        by=world.actor("admin"),
    )
    return f"/welcome/{made.uid}/{made.token}/"


def test_an_invited_person_sets_a_password_and_signs_in_with_it(link: str) -> None:
    client = Client()
    assert "Set your password" in client.get(link).content.decode()
    for bad in (
        {"password": "twelve-long-words", "again": "other"},
        {"password": "short-words", "again": "short-words"},
        {"password": "123456789012", "again": "123456789012"},
    ):
        assert client.post(link, bad).status_code == 422
    good = {"password": "twelve-long-words", "again": "twelve-long-words"}
    assert client.post(link, good)["Location"] == "/login/"
    spent = client.get(link)
    assert spent.status_code == 410
    assert "This link is spent" in spent.content.decode()
    data: dict[str, Any] = {"username": "jo", "password": "twelve-long-words"}
    assert client.post("/login/", data)["Location"] == "/"
    assert AuditEvent.objects.filter(action="accept_invitation").count() == 1


def test_a_link_of_somebody_deactivated_is_spent(link: str) -> None:
    User.objects.filter(username="jo").update(is_active=False)
    assert Client().get(link).status_code == 410


@pytest.mark.parametrize(
    ("wait_s", "words"),
    [(1, "Wait 1 minute,"), (61, "Wait 2 minutes,"), (20_000, "Wait 6 hours,")],
)
def test_the_wait_is_said_in_round_words(wait_s: int, words: str) -> None:
    assert re.search(words, too_many(wait_s))


def test_without_a_second_factor_one_step_is_enough(world: World) -> None:
    client = Client()
    data = {"username": "moderator", "password": PASSWORD}
    assert client.post("/login/", data)["Location"] == "/"
    assert is_inside(client)
    assert not Authenticator.objects.exists()
    row = UserSession.objects.get()
    assert (row.ip, row.session_key) == ("127.0.0.1", client.session.session_key)


def test_signing_in_rightly_is_never_too_often(world: World) -> None:
    for _ in range(20):
        client = Client()
        answer = client.post("/login/", {"username": "moderator", "password": PASSWORD})
        assert answer.status_code == 303
