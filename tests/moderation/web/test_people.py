"""The people's pages: who sees whom, and an admin's changes by plain forms."""

import re
from collections.abc import Callable

from django.contrib.auth.models import User
from django.test import Client

from moderation.access.actor import roles_of
from moderation.access.keys import issue_key
from moderation.models import AuditEvent, MerchantMember
from tests.moderation.web.world import World

LIST = "/ops/people/"


def test_the_list_has_people_by_state_and_no_accounts_of_keys(
    world: World, client_of: Callable[[str], Client]
) -> None:
    issue_key(name="robot", role="admin", by=world.actor("admin"))
    User.objects.filter(username="rival").update(is_active=False)
    client = client_of("auditor")
    html = client.get(LIST).content.decode()
    names = set(re.findall(r'href="/ops/people/([\w.-]+)/"', html))
    wanted = {"merchant", "moderator", "senior", "admin", "auditor", "stranger"}
    assert names == wanted
    assert "/ops/people/rival/" in client.get(f"{LIST}?tab=inactive").content.decode()
    assert client.get(f"{LIST}service.admin.robot/").status_code == 404
    assert client.get(f"{LIST}nobody/").status_code == 404


def test_people_are_found_by_a_part_of_their_name(
    world: World, client_of: Callable[[str], Client]
) -> None:
    html = client_of("admin").get(f"{LIST}?q=SENI").content.decode()
    assert re.findall(r'<td><a href="/ops/people/([\w.-]+)/"', html) == ["senior"]
    nobody = client_of("admin").get(f"{LIST}?q=<b>").content.decode()
    assert 'Nobody found for "&lt;b&gt;"' in nobody


def test_an_admin_invites_and_sees_the_link_once(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    data = {"username": "jo", "full_name": "Jo Dam", "roles": ["merchant"]}
    refused = client.post(f"{LIST}new/", {**data, "username": "senior"})
    assert refused.status_code == 422
    assert 'value="Jo Dam"' in refused.content.decode()
    made = client.post(f"{LIST}new/", {**data, "merchants": ["kiln"]})
    link = re.findall(r"http://testserver(/welcome/\w+/[\w-]+/)", made.content.decode())
    assert len(link) == 1
    assert "no-store" in made["Cache-Control"]
    assert Client().get(link[0]).status_code == 200
    jo = User.objects.get(username="jo")
    assert roles_of(jo) == {"merchant"}
    assert MerchantMember.objects.get(user=jo).merchant == world.merchant
    assert "/welcome/" not in client.get(f"{LIST}jo/").content.decode()
    assert "jo</a>" in client.get(f"{LIST}?tab=waiting").content.decode()


def test_an_admin_changes_roles_and_merchants_and_the_page_tells_it(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    data = {"seen": "", "roles": ["auditor", "senior"]}
    client.post(f"{LIST}stranger/roles/", data)
    client.post(f"{LIST}stranger/merchants/", {"merchants": ["kiln", "no-such"]})
    html = client.get(f"{LIST}stranger/").content.decode()
    assert 'name="seen" value="senior auditor"' in html
    assert "none to auditor, senior" in html
    assert re.search(r'value="kiln" checked', html)
    stale = client.post(f"{LIST}stranger/roles/", data, follow=True).content.decode()
    assert "Somebody else changed the roles meanwhile" in stale


def test_an_admin_closes_and_opens_an_account(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    key = issue_key(
        name="bot",
        role="moderator",
        by=world.actor("admin"),
        user=world.people["moderator"],
    ).key
    page = client.get(f"{LIST}moderator/").content.decode()
    assert "stops 1 API key that acts as them" in page
    client.post(f"{LIST}moderator/deactivate/", {"revoke_keys": "on"})
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert not User.objects.get(username="moderator").is_active
    client.post(f"{LIST}moderator/reactivate/")
    assert User.objects.get(username="moderator").is_active
    html = client.get(f"{LIST}moderator/").content.decode()
    assert "Deactivate" in html
    assert "Reactivated" in html  # in the history


def test_the_last_admin_is_told_so_and_stays(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    data = {"seen": "admin", "roles": ["auditor"]}
    html = client.post(f"{LIST}admin/roles/", data, follow=True).content.decode()
    assert "last admin who can sign in" in html
    assert roles_of(User.objects.get(username="admin")) == {"admin"}
    # Oneself has no such buttons.
    assert "/deactivate/" not in html
    assert not AuditEvent.objects.filter(action="set_roles").exists()


def test_an_auditor_reads_and_has_nothing_to_press(
    client_of: Callable[[str], Client],
) -> None:
    main = client_of("auditor").get(f"{LIST}moderator/").content.decode()
    main = main.split("<main")[1]
    assert "<button" not in main
    assert main.count("disabled") >= 5
    assert "/people/new/" not in client_of("auditor").get(LIST).content.decode()
