"""The switch in real processes: two workers under load, and nothing approved after."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.test_kill import LEFT, WAITING, listings, provider_for, variables_for
from tests.installation import Installation, free_port, installation

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.timeout(300),
]
NUMBER = 500
# Slow enough that much is left when the command has started.
LATENCY_MS, CONCURRENCY = 300, 8
WITHIN_S = 2.0
APPROVED = "SELECT count(*) FROM moderation_decision WHERE decided_by = 'machine'"
OF_CANDIDATE = (
    APPROVED + " AND pipeline_id IN"
    " (SELECT id FROM moderation_pipelineversion WHERE name = 'bold')"
)
ROUTED = "SELECT count(*) FROM moderation_reviewtask WHERE kind = 'routed'"

# In one process: six commands would each load the project anew.
EVERYBODY_ON_CANDIDATE = """
from moderation.access.actor import Actor
from moderation.models import PipelineVersion
from moderation.rollout.stages import advance, start
by = Actor("person:ines")
row = start(candidate=PipelineVersion.objects.get(name="bold"), by=by)
while row.percent < 100:
    row = advance(rollout=row, revision=row.revision, by=by, note="A test of the stop",
                  override=True).rollout
"""


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Installation]:
    """Yield an installation with two workers and more to judge than they can soon."""
    port = str(free_port())
    path = listings(tmp_path / "mugs.jsonl", NUMBER)
    variables = {
        **variables_for(port),
        "REVIEWHUB_WORKER_CONCURRENCY": f"{CONCURRENCY}",
    }
    with installation(tmp_path, **variables) as place:
        provider_for(place, port, LATENCY_MS)
        place.manage("seed_demo", "--no-listings")
        place.manage("pipeline", "create", "bold", "--threshold", "0.5")
        place.manage("import_listings", path, "--merchant", "demo")
        yield place


def work(place: Installation) -> None:
    """Start two workers and wait until both approve."""
    for name in ("one", "two"):
        place.start(name, "python", "manage.py", "work")
    both = (
        "SELECT count(DISTINCT leased_by) FROM moderation_submission"
        " WHERE state = 'assessing'"
    )
    place.until(
        lambda: place.rows(both)[0][0] == 2 and place.rows(APPROVED)[0][0] > 20,
        seconds=90,
        what="approvals by two workers",
    )


def left(place: Installation) -> int:
    return int(place.rows(LEFT)[0][0] + place.rows(WAITING)[0][0])


def test_after_the_mode_is_flipped_no_process_approves_anything(
    busy: Installation,
) -> None:
    work(busy)
    busy.manage("mode", "humans_only", "--note", "Two workers are approving.")
    at_once = busy.rows(APPROVED)[0][0]
    assert left(busy) > 50, "there was nothing left to approve"
    time.sleep(WITHIN_S)
    in_time = busy.rows(APPROVED)[0][0]
    busy.until(lambda: left(busy) == 0, seconds=150, what="an empty queue")
    # Not one more was committed, in time or late.
    assert busy.rows(APPROVED)[0][0] == in_time == at_once
    late = busy.rows(
        "SELECT count(*) FROM moderation_decision d, moderation_mode m"
        " WHERE d.decided_by = 'machine' AND d.decided_at > m.at + interval '2 s'"
    )
    assert late[0][0] == 0
    tasks = busy.rows(ROUTED)[0][0]
    assert at_once + tasks == NUMBER


def test_after_a_stop_the_candidate_approves_nothing_and_all_is_judged(
    busy: Installation,
) -> None:
    busy.run("python", "manage.py", "shell", "-c", EVERYBODY_ON_CANDIDATE)
    work(busy)
    said = busy.manage("rollout", "stop", "--json")
    assert json.loads(said.splitlines()[-1])["state"] == "halted"
    at_once = busy.rows(OF_CANDIDATE)[0][0]
    assert at_once > 20
    assert left(busy) > 50, "there was nothing left to approve"
    time.sleep(WITHIN_S)
    in_time = busy.rows(OF_CANDIDATE)[0][0]
    busy.until(lambda: left(busy) == 0, seconds=150, what="an empty queue")
    assert busy.rows(OF_CANDIDATE)[0][0] == in_time == at_once
    late = busy.rows(
        "SELECT count(*) FROM moderation_decision d, moderation_rollout r"
        " WHERE d.decided_by = 'machine' AND d.pipeline_id = r.candidate_id"
        " AND d.decided_at > r.halted_at + interval '2 s'"
    )
    assert late[0][0] == 0
    # The baseline went on by itself, and every listing has one end.
    tasks, approved = (
        busy.rows(ROUTED)[0][0],
        busy.rows(APPROVED)[0][0],
    )
    assert tasks + approved == NUMBER
    assert approved > at_once
