"""Keys: shown once, kept as a hash, bound to one person and one role."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import serializers
from django.db import DatabaseError
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.access.keys import (
    SCOPES,
    KeyRefusedError,
    find_key,
    issue_key,
    note_use,
    revoke_key,
    roll_key,
)
from moderation.models import ApiKey, AuditEvent, Merchant, MerchantMember
from moderation.telemetry.logs import hide_secrets

pytestmark = pytest.mark.django_db

BY = Actor.command("tests")
NOW = timezone.now()


@pytest.fixture
def merchant() -> Merchant:
    return Merchant.objects.create(slug="acme", name="Acme")


def make(role: str = "moderator", name: str = "Nightly", **more: Any) -> Any:
    """Issue a key."""
    return issue_key(name=name, role=role, by=BY, **more)


def test_a_key_is_found_by_its_text_and_kept_as_a_hash_alone(
    merchant: Merchant,
) -> None:
    issued = make("merchant", merchant=merchant)
    found = find_key(issued.text, now=NOW)
    assert found == issued.key
    assert found.user.get_username() == "service.merchant.acme.nightly"
    assert found.merchant == merchant
    stored = serializers.serialize("json", ApiKey.objects.all())
    audit = serializers.serialize("json", AuditEvent.objects.all())
    secret = issued.text.split("_")[-1]
    assert secret not in stored
    assert secret not in audit
    assert found.last_four == issued.text[-4:]
    assert issued.text.startswith(f"rh_live_{found.prefix}_")


def test_a_key_in_a_log_line_is_hidden() -> None:
    text = make().text
    event = hide_secrets(None, "info", {"event": f"key {text} used"})
    assert text.split("_")[-1] not in str(event)


@pytest.mark.parametrize("cut", [0, 1, 5, 30])
def test_a_text_that_differs_anywhere_is_no_key(cut: int) -> None:
    text = make().text
    for wrong in (text[cut + 1 :], text[: -cut - 1], text + "x", text.upper()):
        assert find_key(wrong, now=NOW) is None


def test_a_key_ends_with_its_expiry_and_not_before() -> None:
    issued = make(expires_at=NOW + timedelta(seconds=10))
    assert find_key(issued.text, now=NOW + timedelta(seconds=9))
    assert find_key(issued.text, now=NOW + timedelta(seconds=10)) is None


def test_a_revoked_key_is_dead_and_the_second_time_says_so() -> None:
    issued = make()
    assert revoke_key(key=issued.key, by=BY)
    assert find_key(issued.text, now=NOW) is None
    assert not revoke_key(key=issued.key, by=BY)
    assert AuditEvent.objects.filter(action="revoke_key").count() == 1


def test_a_key_dies_with_its_persons_account_role_or_membership(
    merchant: Merchant,
) -> None:
    issued = [make(), make("admin"), make("merchant", merchant=merchant)]
    assert all(find_key(key.text, now=NOW) for key in issued)
    Group.objects.all().delete()
    MerchantMember.objects.all().delete()
    assert not any(find_key(key.text, now=NOW) for key in issued)
    inactive = make(name="Other")
    User.objects.update(is_active=False)
    assert find_key(inactive.text, now=NOW) is None


def test_a_key_named_like_a_person_does_not_become_that_person() -> None:
    boss = User.objects.create(username="admin")
    assert make(name="admin").key.user != boss


def test_services_of_one_name_but_other_roles_or_merchants_are_strangers(
    merchant: Merchant,
) -> None:
    other = Merchant.objects.create(slug="moderator", name="M")
    users = {
        make("moderator").key.user,
        make("admin").key.user,
        make("merchant", merchant=merchant).key.user,
        make("merchant", merchant=other).key.user,
    }
    assert len(users) == 4
    assert make("moderator").key.user in users


@pytest.mark.parametrize("name", ["Ключ", "密钥", "!!!", "x" * 100])
def test_any_name_gives_a_service_user_of_its_own(name: str) -> None:
    user = make(name=name).key.user
    assert len(user.username) <= 150
    assert user != make(name=name[:-1] + "y").key.user
    assert not user.has_usable_password()


def test_a_key_for_a_person_needs_that_person_to_have_the_role(
    merchant: Merchant,
) -> None:
    user = User.objects.create(username="mara")
    for role, of in (("moderator", None), ("admin", None), ("merchant", merchant)):
        with pytest.raises(KeyRefusedError, match="mara is no"):
            make(role, user=user, merchant=of)
    user.groups.add(Group.objects.get(name="senior"))
    assert make(user=user).key.user == user
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    "more",
    [
        {"role": "auditor"},
        {"role": "merchant"},
        {"name": ""},
        {"name": " "},
        {"name": "x" * 101},
        {"name": "a\nb"},
        {"scopes": ("mode:write",)},
    ],
)
def test_parts_that_do_not_fit_make_no_key(more: dict[str, Any]) -> None:
    with pytest.raises(KeyRefusedError):
        make(**more)
    assert not ApiKey.objects.exists()


def test_a_moderator_has_no_merchant(merchant: Merchant) -> None:
    with pytest.raises(KeyRefusedError):
        make("moderator", merchant=merchant)


def test_scopes_may_be_fewer_than_the_roles() -> None:
    assert make(scopes=("review:read",)).key.scopes == ["review:read"]
    assert make(name="b").key.scopes == list(SCOPES["moderator"])


def test_a_rolled_key_works_beside_its_successor_for_a_while() -> None:
    old = make(scopes=("review:read",))
    new = roll_key(key=old.key, by=BY, now=NOW, overlap=timedelta(hours=1))
    assert new.key.user == old.key.user
    assert new.key.scopes == ["review:read"]
    assert find_key(new.text, now=NOW)
    assert find_key(old.text, now=NOW + timedelta(minutes=59))
    assert find_key(old.text, now=NOW + timedelta(hours=1)) is None
    with pytest.raises(KeyRefusedError):
        roll_key(key=old.key, by=BY, now=NOW)


def test_rolling_never_makes_a_key_live_longer() -> None:
    end = NOW + timedelta(minutes=5)
    old = make(expires_at=end)
    new = roll_key(key=old.key, by=BY, now=NOW)
    old.key.refresh_from_db()
    assert old.key.expires_at == new.key.expires_at == end


def test_a_database_that_takes_no_note_stops_nobody(monkeypatch: Any) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("disk full")

    key = make().key
    monkeypatch.setattr(ApiKey.objects, "filter", broken)
    note_use(key, now=NOW)
