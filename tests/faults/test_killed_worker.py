"""Workers are killed, the broker forgets: no listing is lost or judged twice."""

import json
import time
from pathlib import Path

import pytest

from tests.installation import LISTING, Installation, free_port, installation

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]
LISTINGS, KILLS = 240, 3
LEFT = """
    SELECT count(*) FROM moderation_submission WHERE state IN ('received', 'assessing')
"""
TWICE = """
    SELECT submission_id FROM moderation_decision
    WHERE undone_at IS NULL AND superseded_at IS NULL
    GROUP BY submission_id HAVING count(*) > 1
"""
NOWHERE = """
    SELECT s.id FROM moderation_submission s
    WHERE NOT EXISTS (SELECT 1 FROM moderation_decision d WHERE d.submission_id = s.id)
    AND NOT EXISTS (SELECT 1 FROM moderation_reviewtask t WHERE t.submission_id = s.id)
"""
ASSESSED_TWICE = """
    SELECT submission_id FROM moderation_assessment WHERE role = 'serving'
    GROUP BY submission_id HAVING count(*) > 1
"""


def left(place: Installation) -> int:
    """Return how many submissions are still with the machine."""
    return int(place.rows(LEFT)[0][0])


def test_every_listing_ends_once_whatever_is_killed(tmp_path: Path) -> None:
    provider = free_port()
    file = tmp_path / "listings.jsonl"
    rows = [
        {**LISTING, "external_id": f"mug-{n}", "title": f"Blue ceramic mug no. {n}"}
        for n in range(LISTINGS)
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    variables = {
        "OPENAI_API_KEY": "sk-scripted-key",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{provider}/v1",
        "REVIEWHUB_MODEL": "scripted-1",
        "REVIEWHUB_WORKER_CONCURRENCY": "8",
    }
    with installation(tmp_path, **variables) as place:
        place.start(
            "provider",
            *("python", "-m", "tests.protocol_server", "--port", str(provider)),
            *("--modes", "ok:1", "--latency-ms", "400"),
        )
        place.manage("seed_demo", "--no-listings")
        for service in ("web", "worker", "beat"):
            place.start(service)
        place.until_ready()
        place.manage("import_listings", str(file), "--merchant", "demo", "--json")
        for kill in range(KILLS):
            before = left(place)
            place.until(
                lambda before=before: left(place) < before - 8,
                seconds=60,
                what="progress",
            )
            place.processes["worker"].kill()
            place.processes["worker"].wait()
            place.empty_broker()
            assert left(place) > 0, f"all was done before kill {kill + 1}"
            place.start("worker")
        started = time.monotonic()
        place.until(lambda: left(place) == 0, seconds=150, what="an empty queue")
        assert time.monotonic() - started < 120
        stored = place.rows("SELECT count(*) FROM moderation_submission")[0][0]
        assert stored >= LISTINGS
        assert place.rows(TWICE) == []
        assert place.rows(NOWHERE) == []
        assert place.rows(ASSESSED_TWICE) == []
