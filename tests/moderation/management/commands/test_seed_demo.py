"""seed_demo: people, policy, a version and sample listings, once."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from moderation.access.actor import ADMIN, SENIOR, roles_of
from moderation.models import Import, ImportRow, Merchant, PipelineVersion
from tests.builders import forget_caches

pytestmark = pytest.mark.django_db
NAMES = {"merchant", "merchant2", "moderator", "moderator2", "admin"}


def run(*arguments: str) -> dict[str, Any]:
    """Run the command and return its JSON."""
    forget_caches()
    out = StringIO()
    call_command("seed_demo", *arguments, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def test_it_makes_everything_a_demonstration_needs() -> None:
    told = run()
    assert set(told["people"]) == NAMES
    assert told["new"] is True
    assert set(User.objects.values_list("username", flat=True)) == NAMES
    assert set(Merchant.objects.values_list("slug", flat=True)) == {"demo", "demo2"}
    member = User.objects.get(username="merchant").memberships.get()
    assert member.merchant.slug == "demo"
    assert SENIOR in roles_of(User.objects.get(username="moderator2"))
    assert ADMIN in roles_of(User.objects.get(username="admin"))
    assert PipelineVersion.objects.count() == 1
    assert ImportRow.objects.count() > 0


def test_a_second_time_changes_nothing() -> None:
    run()
    before = (User.objects.count(), Import.objects.count(), ImportRow.objects.count())
    assert run()["new"] is False
    after = (User.objects.count(), Import.objects.count(), ImportRow.objects.count())
    assert before == after


def test_people_alone_can_be_had(settings: Settings) -> None:
    settings.REVIEWHUB_DEMO_PASSWORD = "another long word"
    run("--no-listings")
    assert not Import.objects.exists()
    assert User.objects.get(username="admin").check_password("another long word")


def test_a_password_someone_changed_is_left_alone() -> None:
    run("--no-listings")
    admin = User.objects.get(username="admin")
    admin.set_password("my own")
    admin.save()
    run("--no-listings")
    assert User.objects.get(username="admin").check_password("my own")


def test_known_passwords_are_refused_where_others_can_reach(settings: Settings) -> None:
    settings.ON_LOOPBACK = False
    with pytest.raises(CommandError, match="127.0.0.1"):
        run()
    assert not User.objects.exists()
