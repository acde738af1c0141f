"""Alerts and the dashboard speak of metrics that exist, with labels that they have."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client import REGISTRY

from moderation.monitor import DatabaseCollector
from moderation.telemetry import metrics

HERE = Path("reviewhub/monitoring")
OURS_OR_DJANGOS = re.compile(r"\b((?:reviewhub|django)_\w+)")


def expressions(repository: Path) -> Iterator[str]:
    """Yield every query of the rules and the dashboard."""
    rules = yaml.safe_load((repository / HERE / "alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]
    board = json.loads((repository / HERE / "dashboard.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


@pytest.fixture
def known_names(db: Any, client: Client) -> set[str]:
    """Return every name that a scrape can show, once a request has been counted."""
    assert metrics.RATE_LIMITED
    assert client.get("/health/live").status_code == 200
    families = [*REGISTRY.collect(), *DatabaseCollector().collect()]
    ends = ("", "_total", "_bucket", "_sum", "_count")
    return {family.name + end for family in families for end in ends}


def test_every_name_in_a_query_exists(repository: Path, known_names: set[str]) -> None:
    named = {
        name
        for expression in expressions(repository)
        for name in OURS_OR_DJANGOS.findall(expression)
    }
    assert len(named) > 15
    assert named - known_names == set()


def test_an_alert_says_how_bad_it_is_and_what_happened(repository: Path) -> None:
    rules = yaml.safe_load((repository / HERE / "alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "ticket", "none"}
            assert rule["annotations"]["summary"].endswith(".")


def test_panels_have_their_own_ids_and_a_title(repository: Path) -> None:
    board = json.loads((repository / HERE / "dashboard.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) > 10
    assert all(panel["title"] for panel in board["panels"])


@pytest.mark.promtool
def test_every_alert_is_silent_when_it_must_be_and_fires_when_it_must(
    repository: Path,
) -> None:
    tool = os.environ.get("TEST_PROMTOOL") or shutil.which("promtool")
    assert tool, "mark the test with pytest.mark.promtool"
    done = subprocess.run(
        [tool, "test", "rules", "alerts_test.yml"],
        cwd=repository / HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test(repository: Path) -> None:
    rules = yaml.safe_load((repository / HERE / "alerts.yml").read_text())
    tests = yaml.safe_load((repository / HERE / "alerts_test.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    tested = {
        check["alertname"]
        for test in tests["tests"]
        for check in test["alert_rule_test"]
        if check.get("exp_alerts")
    }
    assert alerts == tested


def test_prometheus_reads_the_rules_that_are_shipped(repository: Path) -> None:
    config = yaml.safe_load((repository / HERE / "prometheus.yml").read_text())
    assert config["rule_files"] == ["alerts.yml"]
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    assert jobs == {"reviewhub-web", "reviewhub-worker"}
