"""The image's three commands, taken from docker-compose.yml and run bare.

They pass over a poisoned message, judge, survive lost connections, end when asked.
"""

import base64
import json
import pickle
import signal
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from tests.installation import LISTING, Installation, installation

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]


def ring_with_code(address: str) -> None:
    """Leave a message that would run code if anybody unpickled it."""
    message = {
        "body": base64.b64encode(pickle.dumps({"task": "moderation.sweep"})).decode(),
        "content-type": "application/x-python-serialize",
        "content-encoding": "binary",
        "headers": {},
        "properties": {
            "body_encoding": "base64",
            "delivery_info": {"exchange": "", "routing_key": "reviewhub"},
            "delivery_tag": "0",
        },
    }
    with Redis.from_url(address) as redis:
        redis.lpush("reviewhub", json.dumps(message))


def cut_connections(address: str) -> None:
    """Cut everybody's connection to the database."""
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def judge_a_listing(place: Installation, key: str, external_id: str) -> None:
    """Send a listing and wait until it has left the machine's hands."""
    listing = {**LISTING, "external_id": external_id}

    def sent() -> dict[str, str] | None:
        status, answer = place.ask("/api/v1/listings", key, listing)
        assert status in (0, 202) or status >= 500, answer
        # A caller tries again while the service says that it is busy.
        return answer if status == 202 else None

    answer = place.until(sent, seconds=30, what="an answer")
    assert answer

    def is_judged() -> bool:
        status, found = place.ask(f"/api/v1/listings/{answer['id']}", key)
        return status == 200 and found["status"] in {"approved", "in_review"}

    place.until(is_judged, seconds=60, what="a judgement")


def test_web_worker_and_beat_judge_survive_lost_connections_and_end_when_asked(
    tmp_path: Path,
) -> None:
    with installation(tmp_path) as place:
        ring_with_code(place.environment["REDIS_URL"])
        place.manage("seed_demo", "--no-listings")
        key = place.create_key()
        for service in ("web", "worker", "beat"):
            place.start(service)
        place.until_ready()
        judge_a_listing(place, key, "mug-1")
        cut_connections(place.environment["DATABASE_URL"])
        place.empty_broker()
        judge_a_listing(place, key, "mug-2")
        for process in place.processes.values():
            process.send_signal(signal.SIGTERM)
        ends = {name: p.wait(timeout=60) for name, p in place.processes.items()}
    assert ends == {"web": 0, "worker": 0, "beat": 0}
