"""Preferences are kept on the server, so that every machine looks the same."""

from collections.abc import Callable

import pytest
from django.test import Client

from moderation.models import Preference
from tests.moderation.web.world import World


@pytest.mark.parametrize(
    ("theme", "attribute"),
    [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ("system", "")],
)
def test_the_theme_is_in_the_page_from_its_first_byte(
    client_of: Callable[[str], Client], theme: str, attribute: str
) -> None:
    client = client_of("merchant")
    client.post("/account/", {"theme": theme})
    head = client.get("/").content.decode().split("<head>")[0]
    assert (attribute in head) if attribute else ("data-theme" not in head)


def test_letters_are_off_when_the_box_is_empty(
    client_of: Callable[[str], Client],
) -> None:
    client = client_of("moderator")
    assert 'data-keys="on"' in client.get("/review/").content.decode()
    client.post("/account/", {"theme": "system"})
    assert 'data-keys="off"' in client.get("/review/").content.decode()
    client.post("/account/", {"theme": "system", "letter_keys": "on"})
    assert 'data-keys="on"' in client.get("/review/").content.decode()


def test_an_unknown_theme_is_the_systems(client_of: Callable[[str], Client]) -> None:
    client_of("merchant").post("/account/", {"theme": '"><script>'})
    assert Preference.objects.get().theme == "system"


def test_a_person_of_two_merchants_chooses_whose_pages_they_see(
    world: World, client_of: Callable[[str], Client]
) -> None:
    world.rival.members.create(user=world.people["merchant"])
    world.sent(world.rival, external_id="THEIRS", title="A rival's copper kettle")
    client = client_of("merchant")
    assert "copper kettle" not in client.get("/listings/?q=kettle").content.decode()
    client.post("/account/", {"theme": "system", "merchant": "rival"})
    assert "copper kettle" in client.get("/listings/?q=kettle").content.decode()
    client.post("/account/", {"theme": "system", "merchant": "nobody"})
    assert "copper kettle" in client.get("/listings/?q=kettle").content.decode()
