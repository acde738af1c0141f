"""The doorbell: tells a worker that something waits. Carries a name, no payload.

A lost ring costs a second or two, never work: the schedule looks at the
database anyway.
"""

import time
from functools import lru_cache

import structlog
from celery import Celery
from django.conf import settings

log = structlog.get_logger(__name__)

QUEUE = "reviewhub"
TASKS = {"assess": "moderation.assess", "admit": "moderation.admit"}
# One ring wakes a worker for everything that waits, so a burst needs one.
QUIET_S = 0.1
# After a ring that did not get through, the broker is left alone for a while.
AWAY_S = 5.0
_quiet_until: dict[str, float] = {}


def ring(name: str) -> bool:
    """Nudge the workers to look for one kind of work; return whether it rang.

    Without a broker the embedded worker looks several times a second, and
    nothing is sent. A broker that is away is logged and passed over: the work
    is stored already, and the request that stored it must not wait.

    Raises:
        KeyError: no such work.
    """
    task = TASKS[name]
    if not settings.REDIS_URL or time.monotonic() < _quiet_until.get(name, 0.0):
        return False
    _quiet_until[name] = time.monotonic() + QUIET_S
    try:
        _sender(settings.REDIS_URL).send_task(
            task, ignore_result=True, retry=False, expires=60
        )
    except Exception as error:  # whatever the broker's client raises
        _quiet_until[name] = time.monotonic() + AWAY_S
        log.warning("doorbell_failed", bell=name, error=type(error).__name__)
        return False
    return True


@lru_cache(maxsize=4)
def _sender(broker_url: str) -> Celery:
    """Return a Celery application that only sends, and gives up at once."""
    app = Celery("doorbell", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        task_publish_retry=False,
        broker_connection_timeout=1,
        broker_transport_options={
            "socket_timeout": 1,
            "socket_connect_timeout": 1,
            "max_retries": 0,
        },
    )
    return app
