"""Live, ready and figures, each to whom they are meant for."""

import json
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings


def test_live_asks_nobody(client: Client) -> None:
    with mock.patch.object(connection, "cursor", side_effect=OperationalError):
        assert client.get("/health/live").status_code == 200


@pytest.mark.django_db
def test_ready_tells_database_broker_and_worker(client: Client) -> None:
    response = client.get("/health/ready")
    checks = json.loads(response.content)["checks"]
    assert response.status_code == 200
    assert checks["database"] == "ok"
    assert checks["worker"] == "never seen"


@pytest.mark.django_db
def test_not_ready_while_the_database_is_away(client: Client) -> None:
    with mock.patch.object(connection, "cursor", side_effect=OperationalError):
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert json.loads(response.content)["checks"]["database"] == "unreachable"


@pytest.mark.django_db
@override_settings(REDIS_URL="redis://127.0.0.1:1/0")
def test_a_broker_that_is_away_is_told_and_does_not_matter(client: Client) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert json.loads(response.content)["checks"]["broker"] == "unreachable"


@pytest.mark.django_db
def test_figures_tell_the_queues_to_this_machine(client: Client) -> None:
    page = client.get("/metrics").content.decode()
    assert "reviewhub_database_up 1.0" in page
    assert 'reviewhub_queue_depth{queue="machine"} 0.0' in page
    assert 'reviewhub_queue_oldest_seconds{queue="appeal"} 0.0' in page


@pytest.mark.django_db
def test_figures_are_served_while_the_database_is_away(client: Client) -> None:
    with mock.patch(
        "moderation.monitor.worker_age_seconds", side_effect=OperationalError
    ):
        response = client.get("/metrics")
    assert response.status_code == 200
    assert "reviewhub_database_up 0.0" in response.content.decode()


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("10.0.0.9", {}, 403),
        ("10.0.0.9", {"Authorization": "Bearer wrong"}, 403),
        ("10.0.0.9", {"Authorization": "Bearer scrape-me"}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.9"}, 403),
    ],
)
@pytest.mark.django_db
@override_settings(REVIEWHUB_METRICS_TOKEN="scrape-me")
def test_others_need_the_token(
    client: Client, address: str, headers: dict[str, str], status: int
) -> None:
    response = client.get("/metrics", headers=headers, REMOTE_ADDR=address)
    assert response.status_code == status


@pytest.mark.django_db
def test_without_a_token_no_bearer_opens_the_figures(client: Client) -> None:
    for value in ("", "Bearer", "Bearer "):
        response = client.get(
            "/metrics", headers={"Authorization": value}, REMOTE_ADDR="10.0.0.9"
        )
        assert response.status_code == 403
