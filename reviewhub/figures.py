"""The figures of this process, or of all processes of this server, as one text.

Where several processes serve, each keeps its figures in PROMETHEUS_MULTIPROC_DIR
and any of them adds all up. Queues come from the database once a scrape.
"""

import os
from typing import Any

from celery.signals import worker_ready
from django.conf import settings
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector

from moderation.monitor import DatabaseCollector


def text() -> bytes:
    """Return what Prometheus reads."""
    counted = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    queues = CollectorRegistry()
    queues.register(DatabaseCollector())
    return generate_latest(counted) + generate_latest(queues)


def serve_in_worker(**_signal: Any) -> None:
    """Offer a worker's own figures on its own port; it has no pages to hang them on."""
    if settings.REVIEWHUB_METRICS_PORT:
        start_http_server(settings.REVIEWHUB_METRICS_PORT, addr=settings.HOST)


worker_ready.connect(serve_in_worker, weak=False)
