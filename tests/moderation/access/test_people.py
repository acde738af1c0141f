"""People: invited, given roles, closed and opened again; never the last admin."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from moderation.access import people
from moderation.access.actor import Actor, roles_of
from moderation.access.keys import find_key, issue_key
from moderation.access.people import PersonRefusedError
from moderation.models import AuditEvent, Merchant, MerchantMember
from moderation.review.queue import claim_task
from tests.moderation.web.conftest import enter
from tests.moderation.web.world import PASSWORD, World, build

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def world(db: None) -> World:
    return build()


def invite(world: World, **changes: object) -> people.Invitation:
    """Invite somebody as the admin."""
    wanted = {
        "username": "jo",
        "full_name": "Jo van Dam",
        "roles": ["moderator"],
        "merchants": [],
        "by": world.actor("admin"),
    }
    return people.invite(**{**wanted, **changes})  # type: ignore[arg-type]


def last_event(action: str) -> AuditEvent:
    """Return the newest event of an action."""
    return AuditEvent.objects.filter(action=action).latest("id")


def test_an_invited_person_has_a_role_no_password_and_a_link_that_works_once(
    world: World,
) -> None:
    made = invite(world, merchants=[world.merchant])
    assert (made.user.first_name, made.user.last_name) == ("Jo", "van Dam")
    assert roles_of(made.user) == {"moderator"}
    assert not made.user.has_usable_password()
    assert people.invited(made.uid, made.token) == made.user
    by = Actor.person(made.user)
    people.set_password(user=made.user, password="x" * 20, by=by, action="accept")
    assert people.invited(made.uid, made.token) is None
    event = last_event("invite")
    assert event.data["roles"] == ["moderator"]
    assert made.token not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": "Moderator"}, "There is a Moderator already"),
        ({"username": "jo jo"}, "letters, digits"),
        ({"username": ""}, "letters, digits"),
        ({"username": "new"}, "kept for the machine"),
        ({"username": "service.admin.x"}, "kept for the machine"),
        ({"roles": ["owner"]}, "There is no role owner"),
    ],
)
def test_a_bad_invitation_is_refused_in_words(
    world: World, change: dict[str, object], words: str
) -> None:
    with pytest.raises(PersonRefusedError, match=words):
        invite(world, **change)


@pytest.mark.parametrize("uid", ["", "!!!", "MQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"])
def test_a_made_up_link_is_nobodys(world: World, uid: str) -> None:
    assert people.invited(uid, "none") is None


def test_closing_an_account_ends_an_invitation_that_was_never_accepted(
    world: World,
) -> None:
    made, by = invite(world), world.actor("admin")
    people.deactivate(user=made.user, by=by, now=NOW)
    people.reactivate(user=made.user, by=by)
    assert people.invited(made.uid, made.token) is None


def test_a_new_link_ends_the_one_before_and_the_password(world: World) -> None:
    made = invite(world)
    again = people.new_link(user=made.user, by=world.actor("admin"))
    assert people.invited(made.uid, made.token) is None
    assert people.invited(again.uid, again.token) == made.user
    moderator = world.people["moderator"]
    client = Client()
    enter(client, moderator)
    people.new_link(user=moderator, by=world.actor("admin"))
    assert client.get("/review/").status_code == 303
    assert not Client().login(username="moderator", password=PASSWORD)


def test_roles_become_exactly_those_and_say_what_they_were(world: World) -> None:
    senior = world.people["senior"]
    people.set_roles(
        user=senior,
        roles=["merchant", "auditor"],
        seen=["senior"],
        by=world.actor("admin"),
    )
    assert roles_of(senior) == {"merchant", "auditor"}
    data = last_event("set_roles").data
    assert (data["from"], data["to"]) == (["senior"], ["auditor", "merchant"])
    assert "own" not in data


def test_a_change_on_top_of_anothers_is_refused(world: World) -> None:
    with pytest.raises(PersonRefusedError, match="meanwhile"):
        people.set_roles(
            user=world.people["senior"],
            roles=[],
            seen=["moderator"],
            by=world.actor("admin"),
        )
    assert roles_of(world.people["senior"]) == {"senior"}


def test_what_an_admin_does_to_themselves_is_marked(world: World) -> None:
    admin = world.people["admin"]
    by = world.actor("admin")
    roles = ["admin", "senior"]
    people.set_roles(user=admin, roles=roles, seen=["admin"], by=by)
    assert last_event("set_roles").data["own"] is True
    for forbidden in (
        lambda: people.deactivate(user=admin, by=by, now=NOW),
        lambda: people.reset_factor(user=admin, by=by),
        lambda: people.new_link(user=admin, by=by),
    ):
        with pytest.raises(PersonRefusedError):
            forbidden()


def test_the_last_admin_who_can_sign_in_stays(world: World) -> None:
    admin = world.people["admin"]
    invite(world, username="boss", roles=["admin"])  # has no password yet
    issue_key(name="robot", role="admin", by=world.actor("admin"))
    command = Actor.command("test")
    for act in (
        lambda: people.set_roles(user=admin, roles=[], seen=["admin"], by=command),
        lambda: people.deactivate(user=admin, by=command, now=NOW),
        lambda: people.new_link(user=admin, by=command),
    ):
        with pytest.raises(PersonRefusedError, match="last admin"):
            act()
    second = User.objects.create_user("second", password=PASSWORD)
    people.set_roles(user=second, roles=["admin"], seen=[], by=command)
    people.deactivate(user=admin, by=command, now=NOW)
    assert not User.objects.get(pk=admin.pk).is_active


def test_a_superuser_without_the_admins_role_is_none(world: World) -> None:
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    assert roles_of(boss) == {"admin"}
    people.set_roles(user=boss, roles=[], seen=["admin"], by=world.actor("admin"))
    assert roles_of(User.objects.get(pk=boss.pk)) == frozenset()


def test_deactivating_ends_sessions_leases_and_rests_the_keys(world: World) -> None:
    moderator = world.people["moderator"]
    by = world.actor("admin")
    task = claim_task(task=world.task(), by=world.actor("moderator"))
    key = issue_key(name="bot", role="moderator", by=by, user=moderator)
    client = Client()
    enter(client, moderator)
    people.deactivate(user=moderator, by=by, now=NOW)
    task.refresh_from_db()
    assert (task.state, task.claimed_by, task.lease_token) == ("open", None, None)
    assert client.get("/review/")["Location"].startswith("/login/")
    assert find_key(key.text, now=NOW) is None
    assert last_event("deactivate").data["leases"] == 1
    people.reactivate(user=moderator, by=by)
    assert find_key(key.text, now=NOW) is not None
    # The session is gone for good, not merely asleep.
    assert client.get("/review/")["Location"].startswith("/login/")


def test_keys_end_for_good_when_that_is_asked(world: World) -> None:
    moderator = world.people["moderator"]
    by = world.actor("admin")
    key = issue_key(name="bot", role="moderator", by=by, user=moderator)
    people.deactivate(user=moderator, by=by, now=NOW, revokes_keys=True)
    people.reactivate(user=moderator, by=by)
    assert find_key(key.text, now=NOW) is None


def test_who_is_no_moderator_any_more_holds_no_task(world: World) -> None:
    task = claim_task(task=world.task(), by=world.actor("moderator"))
    people.set_roles(
        user=world.people["moderator"],
        roles=["auditor"],
        seen=["moderator"],
        by=world.actor("admin"),
    )
    task.refresh_from_db()
    assert task.state == "open"


def test_a_person_acts_for_exactly_the_merchants_chosen(world: World) -> None:
    user = world.people["merchant"]
    by = world.actor("admin")
    people.set_merchants(user=user, merchants=[world.rival], by=by)
    mine = MerchantMember.objects.filter(user=user)
    assert [m.merchant for m in mine] == [world.rival]
    data = last_event("set_merchants").data
    assert (data["from"], data["to"]) == (["kiln"], ["rival"])
    people.set_merchants(user=user, merchants=Merchant.objects.none(), by=by)
    assert not mine.all().exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_leave_one() -> None:
    first, second = (
        User.objects.create_user(name, password=PASSWORD) for name in ("a", "b")
    )
    command = Actor.command("test")
    for user in (first, second):
        people.set_roles(user=user, roles=["admin"], seen=[], by=command)

    def demote(who: User, by: User) -> bool:
        try:
            people.set_roles(user=who, roles=[], seen=["admin"], by=Actor.person(by))
        except PersonRefusedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        jobs: list[Callable[[], bool]] = [
            lambda: demote(first, second),
            lambda: demote(second, first),
        ]
        done = [job.result() for job in [pool.submit(j) for j in jobs]]
    assert sorted(done) == [False, True]
