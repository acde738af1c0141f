"""The health check of a worker asks for a sign of life, not for a process."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from moderation.models import Heartbeat

pytestmark = pytest.mark.django_db


def seen(seconds_ago: int) -> None:
    """Store a worker's sign of life."""
    at = timezone.now() - dt.timedelta(seconds=seconds_ago)
    Heartbeat.objects.create(name="w", kind="worker", at=at)


def test_it_fails_when_no_worker_was_ever_seen() -> None:
    with pytest.raises(CommandError, match="No worker was ever seen"):
        call_command("worker_seen")


def test_it_fails_when_the_last_sign_is_over_a_minute_old() -> None:
    seen(61)
    with pytest.raises(CommandError, match="last seen 6"):
        call_command("worker_seen")


def test_it_succeeds_after_a_recent_sign(capsys: pytest.CaptureFixture[str]) -> None:
    seen(5)
    call_command("worker_seen", "--json")
    assert "worker_age_seconds" in capsys.readouterr().out
