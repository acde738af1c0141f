"""The schedule: every entry is a task that exists, and the one process runs it too."""

from celery import current_app
from django.conf import settings

from moderation import dispatch, embedded, tasks
from moderation.schedule import SCHEDULE

# What the one process does all the time anyway, in threads of its own.
BY_ITSELF = {"moderation.assess", "moderation.admit", "moderation.deliver"}


def names() -> set[str]:
    """Return the names of the scheduled tasks."""
    return {entry["task"] for entry in SCHEDULE.values()}


def test_every_entry_names_a_task_that_is_registered() -> None:
    registered = {name for name in current_app.tasks if name.startswith("moderation.")}
    assert names() <= registered
    assert tasks.sweep.name in names()


def test_every_bell_rings_a_task_that_is_scheduled_anyway() -> None:
    # A lost ring must cost a moment, never work.
    assert set(dispatch.TASKS.values()) <= names()


def test_the_embedded_worker_runs_the_same_schedule() -> None:
    assert {*embedded.RUNS, *embedded.BESIDE} == names() - BY_ITSELF
    assert not set(embedded.RUNS) & set(embedded.BESIDE)


def test_a_message_nobody_took_is_dropped_before_the_next_but_one() -> None:
    for entry in SCHEDULE.values():
        assert entry["schedule"] > 0
        assert entry["options"]["expires"] <= 2 * entry["schedule"]


def test_no_task_is_put_off_by_the_broker() -> None:
    # Due times are columns: a broker that forgets must forget nothing.
    assert not any("countdown" in e["options"] for e in SCHEDULE.values())
    assert settings.USE_TZ
