"""One text for Prometheus, whether one process counts or several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from moderation.telemetry import metrics
from reviewhub import figures

COUNT = (
    "import django; django.setup()\n"
    "from moderation.telemetry import metrics\n"
    "metrics.SUBMISSIONS_REFUSED.labels('api', 'busy').inc({n})\n"
)
READ = (
    "import django; django.setup()\n"
    "from prometheus_client import CollectorRegistry, generate_latest\n"
    "from reviewhub import figures\n"
    "figures.DatabaseCollector.collect = lambda self: iter(())\n"
    "print(figures.text().decode())\n"
)


@pytest.mark.django_db
def test_a_count_of_this_process_is_told() -> None:
    metrics.SUBMISSIONS_REFUSED.labels("api", "busy").inc()
    page = figures.text().decode()
    assert 'reviewhub_submissions_refused_total{reason="busy",source="api"}' in page
    assert "reviewhub_queue_depth" in page


def test_the_counts_of_several_processes_are_added_up(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }

    def run(code: str) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    run(COUNT.format(n=2))
    run(COUNT.format(n=3))
    assert 'reviewhub_submissions_refused_total{reason="busy",source="api"} 5.0' in run(
        READ
    )
