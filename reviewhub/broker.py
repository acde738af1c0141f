"""Celery's settings: JSON only, late acknowledgement, nothing kept in the broker.

Without REDIS_URL the messages stay in this process.
"""

from pathlib import Path
from tempfile import gettempdir
from typing import Any

from django.conf import settings

from moderation.schedule import SCHEDULE

broker_url = settings.REDIS_URL or "memory://"
imports = ("moderation.tasks", "reviewhub.figures")
# The one-process server sweeps by the same table.
beat_schedule = SCHEDULE
# Beat's own memory of the last runs: nothing is lost with it.
beat_schedule_filename = str(Path(gettempdir()) / "reviewhub-beat")
timezone = "UTC"

# No result is read: rows are. Nothing but JSON is taken off the wire.
task_ignore_result = True
result_backend = None
task_serializer = "json"
accept_content = ["json"]

# Taken again after a crash; a task that runs twice finds its row claimed. A task
# whose process died is not put back: it might kill the next one, and the row waits.
task_acks_late = True
task_reject_on_worker_lost = False
worker_prefetch_multiplier = 1
task_default_queue = "reviewhub"

# A request must not hang on a broker that is away; the sweep comes by anyway.
task_publish_retry = False
broker_connection_timeout = 2
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options: dict[str, Any] = (
    {
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 10,
        "retry_on_timeout": True,
    }
    if settings.REDIS_URL
    else {"polling_interval": 0.05}
)

worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_cancel_long_running_tasks_on_connection_loss = False
