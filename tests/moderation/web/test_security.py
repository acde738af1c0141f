"""The security page: setting up, recovering, changing the password, signing out."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from moderation.access import factors
from moderation.models import AuditEvent
from tests.moderation.web.conftest import enter
from tests.moderation.web.world import PASSWORD, World

PAGE = "/account/security/"


def set_up(client: Client) -> list[str]:
    """Set an app up by the pages; return the recovery codes that were shown."""
    client.get(f"{PAGE}app/")
    secret = client.session["new_app_secret"]
    code = factors.code_at(secret, timezone.now())
    html = client.post(f"{PAGE}app/", {"code": code}).content.decode()
    return re.findall(r"<li class=\"mono\">(\d{8})</li>", html)


def test_an_app_is_set_up_by_its_first_code_and_the_codes_are_shown_once(
    client_of: Callable[[str], Client],
) -> None:
    client = client_of("merchant")
    html = client.get(f"{PAGE}app/").content.decode()
    secret = client.session["new_app_secret"]
    assert secret[:4] in html
    assert 'src="data:image/svg+xml;base64,' in html
    wrong = client.post(f"{PAGE}app/", {"code": "000000"})
    assert wrong.status_code == 422
    assert client.session["new_app_secret"] == secret
    codes = set_up(client)
    assert len(codes) == 10
    assert "new_app_secret" not in client.session
    again = client.get(PAGE).content.decode()
    assert not [code for code in codes if code in again]
    assert secret not in again
    # The page of an app that is set up tells its key to nobody.
    assert client.get(f"{PAGE}app/")["Location"] == PAGE


def test_setting_up_the_first_factor_ends_the_sessions_without_one(
    world: World, client_of: Callable[[str], Client]
) -> None:
    other = client_of("merchant")
    client = client_of("merchant")
    set_up(client)
    assert client.get(PAGE).status_code == 200
    assert other.get(PAGE).status_code == 303


def test_new_recovery_codes_need_a_factor_and_end_the_old(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("merchant")
    assert client.post(f"{PAGE}recovery/")["Location"] == PAGE
    old = set_up(client)
    html = client.post(f"{PAGE}recovery/").content.decode()
    new = re.findall(r"<li class=\"mono\">(\d{8})</li>", html)
    assert len(new) == 10
    assert not set(old) & set(new)


def test_only_ones_own_factor_is_removed(
    world: World, client_of: Callable[[str], Client]
) -> None:
    set_up(client_of("merchant"))
    user = world.people["merchant"]
    app = factors.factors_of(user).app
    assert app is not None
    client_of("rival").post(f"{PAGE}{app.pk}/remove/")
    assert factors.has_second_factor(user)


def test_passkeys_are_offered_by_name_only(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("moderator")
    numbers = client.get(f"{PAGE}passkey/", headers={"Host": "127.0.0.1:8000"})
    assert "Not at this address" in numbers.content.decode()
    named = client.get(f"{PAGE}passkey/", headers={"Host": "localhost:8000"})
    assert "data-options" in named.content.decode()
    refused = client.post(
        f"{PAGE}passkey/", {"credential": "{}"}, headers={"Host": "localhost:8000"}
    )
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"old": "no"}, "not your password as it is now"),
        ({"again": "other"}, "not the same"),
        ({"password": "short-words", "again": "short-words"}, "12 characters"),
        ({"password": "x" * 1001, "again": "x" * 1001}, "1,000 characters at most"),
    ],
)
def test_a_new_password_is_refused_in_words(
    world: World,
    client_of: Callable[[str], Client],
    change: dict[str, str],
    words: str,
) -> None:
    good = "twelve-long-words"
    data = {"old": PASSWORD, "password": good, "again": good, **change}
    answer = client_of("senior").post(f"{PAGE}password/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert User.objects.get(username="senior").check_password(PASSWORD)


def test_a_new_password_signs_out_everywhere_else_and_is_written_down(
    world: World, client_of: Callable[[str], Client]
) -> None:
    here, there = client_of("moderator"), client_of("moderator")
    good = "twelve-long-words"
    before = here.session.session_key
    data = {"old": PASSWORD, "password": good, "again": good}
    assert here.post(f"{PAGE}password/", data)["Location"] == PAGE
    assert here.session.session_key != before
    # The session goes on under its new key, in the list as well.
    assert "Here</span>" in here.get(PAGE).content.decode()
    assert there.get(PAGE).status_code == 303
    assert User.objects.get(username="moderator").check_password(good)
    event = AuditEvent.objects.get(action="change_password")
    assert good not in str(vars(event))


def test_the_old_password_is_guessed_here_no_faster_than_at_the_door(
    client_of: Callable[[str], Client],
) -> None:
    client = client_of("moderator")
    found = {
        client.post(f"{PAGE}password/", {"old": "no"}).status_code for _ in "x" * 16
    }
    assert found == {422, 429}


def test_places_are_listed_and_signed_out_one_by_one_or_all(
    world: World, client_of: Callable[[str], Client]
) -> None:
    user = world.people["moderator"]
    here = client_of("moderator")
    others = [Client() for _ in range(3)]
    for other in others:
        enter(other, user)
    html = here.get(PAGE).content.decode()
    rows = re.findall(r'name="session" value="(\d+)"', html)
    assert len(rows) == 3
    here.post(f"{PAGE}sessions/end/", {"session": rows[0]})
    living = [other.get(PAGE).status_code for other in others]
    assert sorted(living) == [200, 200, 303]
    here.post(f"{PAGE}sessions/end/")
    assert [other.get(PAGE).status_code for other in others] == [303] * 3
    assert here.get(PAGE).status_code == 200
