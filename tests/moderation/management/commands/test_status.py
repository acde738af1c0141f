"""status: the operator's four questions from a terminal."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from moderation.assessment.clients import limits
from moderation.models import ReviewTask
from reviewhub.env import Env
from tests.builders import a_moderator, a_submission, a_task, decided_by

pytestmark = pytest.mark.django_db
FIXED = {
    *("since", "received", "decided", "failed", "queue", "spend_microusd"),
    *("budget_microusd", "mode", "breakers", "rollouts"),
}


def told() -> dict[str, Any]:
    """Return what the command prints."""
    out = StringIO()
    call_command("status", "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_it_says_what_others_read() -> None:
    assert set(told()) >= FIXED
    assert told()["queue"] == {"depth": 0, "oldest_seconds": 0}


def test_the_queue_is_what_merchants_wait_for() -> None:
    a_task()
    before = told()["queue"]
    check = decided_by(
        a_moderator("vera"), task=a_task(a_submission(external_id="LIVE"))
    )
    ReviewTask.objects.create(
        submission=check.submission,
        merchant=check.submission.merchant,
        kind="spot_check",
        about=check,
        sampling_probability=0.5,
        due_at=check.decided_at,
        created_at=check.decided_at.replace(year=2020),
    )
    after = told()
    assert after["queue"]["depth"] == before["depth"] == 1
    assert after["queue"]["oldest_seconds"] < 3600
    assert after["queues"]["spot_check"] == 1


def test_a_budget_is_what_was_set_in_dollars() -> None:
    read = Env({"DAY": "25"}).dollars("DAY")
    with override_settings(REVIEWHUB_DAILY_BUDGET_USD=read):
        assert told()["budget_microusd"]["day"] == 25_000_000
        assert limits().day_microusd == 25_000_000
