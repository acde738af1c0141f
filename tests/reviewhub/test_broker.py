"""The broker is a doorbell: nothing but JSON, nothing kept, no hanging."""

import pickle

import pytest
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads

from reviewhub.celery import app


def test_nothing_but_json_is_taken_off_the_wire() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    with pytest.raises(ContentDisallowed):
        loads(
            pickle.dumps({"x": 1}),
            "application/x-python-serialize",
            "binary",
            accept=app.conf.accept_content,
        )


def test_a_lost_worker_costs_the_message_and_no_row() -> None:
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is False
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_ignore_result is True


def test_a_request_does_not_hang_on_a_broker_that_is_away() -> None:
    assert app.conf.task_publish_retry is False
    assert app.conf.broker_connection_timeout <= 2


def test_every_scheduled_task_is_registered() -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert named
    assert named <= set(app.tasks)
