"""The way back in for an admin who lost everything."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from moderation.access import factors
from moderation.access.actor import Actor
from moderation.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_the_only_admin_gets_rid_of_a_lost_second_factor() -> None:
    boss = User.objects.create_superuser("boss", password="a long password")
    by = Actor.person(boss)
    factors.renew_codes(user=boss, by=by)
    out = StringIO()
    call_command("reset_second_factor", "boss", as_json=True, stdout=out)
    assert json.loads(out.getvalue()) == {"username": "boss", "factors": 0}
    assert factors.factors_of(boss).codes_left == 0
    event = AuditEvent.objects.get(action="reset_second_factor")
    assert event.actor == "command:reset_second_factor"


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_second_factor", "ghost")
