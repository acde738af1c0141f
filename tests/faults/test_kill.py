"""Real processes, killed outright in mid-work: nothing lost, nothing decided twice."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.builders import a_listing, until
from tests.installation import TOP, Installation, free_port, installation
from tests.protocol_server import ScriptedServer

LEFT = """
    SELECT count(*) FROM moderation_submission WHERE state IN ('received', 'assessing')
"""
WAITING = "SELECT count(*) FROM moderation_importrow WHERE state = 'waiting'"
# What must be true whatever was killed: each query finds nothing.
BROKEN = {
    "decided twice": """
        SELECT submission_id FROM moderation_decision
        WHERE undone_at IS NULL AND superseded_at IS NULL
        GROUP BY submission_id HAVING count(*) > 1""",
    "asked twice": """
        SELECT submission_id FROM moderation_reviewtask
        GROUP BY submission_id, kind HAVING count(*) > 1""",
    "decided and asked": """
        SELECT d.submission_id FROM moderation_decision d
        JOIN moderation_reviewtask t ON t.submission_id = d.submission_id
        WHERE t.kind <> 'spot_check'""",
    "nowhere": """
        SELECT s.id FROM moderation_submission s
        WHERE NOT EXISTS (SELECT 1 FROM moderation_decision d
                          WHERE d.submission_id = s.id)
        AND NOT EXISTS (SELECT 1 FROM moderation_reviewtask t
                        WHERE t.submission_id = s.id)""",
    "written twice": """
        SELECT submission_id FROM moderation_assessment
        GROUP BY submission_id HAVING count(*) > 1""",
    "a decision that owes nothing": """
        SELECT d.id FROM moderation_decision d WHERE NOT EXISTS
        (SELECT 1 FROM moderation_delivery o WHERE o.decision_id = d.id)""",
    "an approval that is not in the log": """
        SELECT s.id FROM moderation_submission s
        JOIN moderation_decision d ON d.submission_id = s.id
        WHERE (SELECT count(*) FROM moderation_auditevent e
               WHERE e.subject_id = s.public_id AND e.action = 'auto_approve') <> 1""",
    "called a crash": "SELECT id FROM moderation_submission WHERE crashes > 0",
}


def listings(path: Path, number: int) -> str:
    """Write so many different listings as JSONL; return the path."""
    rows = [
        a_listing(external_id=f"MUG-{n}", title=f"Stoneware mug number {n}")
        for n in range(number)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


@dataclass
class OneProcess:
    """An installation of one command on SQLite, with a model on a socket."""

    directory: Path
    environment: dict[str, str]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        path = self.directory / "reviewhub.sqlite3"
        with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
            return connection.execute(query).fetchall()

    def left(self) -> int:
        """Return how much is still in the machine's hands."""
        return int(self.rows(LEFT)[0][0] + self.rows(WAITING)[0][0])

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=TOP,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command in a process group of its own, killed at the end."""
        with (self.directory / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=TOP,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@contextmanager
def one_process(directory: Path, latency_ms: float) -> Iterator[OneProcess]:
    """Yield an empty installation whose model takes a while to answer."""
    with ScriptedServer({"ok": 1}, latency_s=latency_ms / 1000) as provider:
        place = OneProcess(
            directory,
            {
                "PATH": os.environ["PATH"],
                "HOST": "127.0.0.1",
                "PORT": str(free_port()),
                "SECRET_KEY": "abcdefghij" * 6,
                "REVIEWHUB_DATA_DIR": str(directory),
                "DJANGO_SETTINGS_MODULE": "reviewhub.settings",
                "OPENAI_API_KEY": "scripted",
                "OPENAI_BASE_URL": provider.base_url,
                "REVIEWHUB_MODEL": "scripted-1",
                "REVIEWHUB_WORKER_CONCURRENCY": "8",
            },
        )
        place.manage("migrate", "--verbosity", "0")
        place.manage("seed_demo", "--no-listings")
        yield place


def let_leases_end(place: OneProcess) -> None:
    """Have the half minute pass at once after which a lost hold is noticed."""
    place.rows(
        "UPDATE moderation_submission SET lease_until = '2000-01-01 00:00:00'"
        " WHERE state = 'assessing'"
    )


def check_nothing_is_broken(place: OneProcess | Installation, number: int) -> None:
    """Assert what must be true of so many listings once all is done."""
    broken = {what: found for what, q in BROKEN.items() if (found := place.rows(q))}
    assert broken == {}
    ((stored,),) = place.rows("SELECT count(*) FROM moderation_submission")
    assert stored == number
    states = dict(
        place.rows("SELECT state, count(*) FROM moderation_importrow GROUP BY state")
    )
    assert states == {"admitted": number}


def kill_in_mid_work(place: OneProcess, command: list[str], number: int) -> None:
    """Run a command, kill all of it when half is done, and run it again."""
    with place.running(*command) as process:
        until(
            lambda: place.left() < number * 2 // 3,
            seconds=60,
            what="a third of the work",
        )
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    left = place.left()
    assert left > 0, "all was done before the kill"
    let_leases_end(place)
    with place.running(*command):
        until(lambda: place.left() == 0, seconds=90, what="the rest of the work")


@pytest.mark.timeout(180)
def test_a_worker_killed_in_mid_import_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    number = 150
    path = listings(tmp_path / "mugs.jsonl", number)
    with one_process(tmp_path, latency_ms=60) as place:
        place.manage("import_listings", path, "--merchant", "demo")
        kill_in_mid_work(place, ["work"], number)
        check_nothing_is_broken(place, number)
        again = place.manage("import_listings", path, "--merchant", "demo", "--json")
        told = json.loads(again.splitlines()[-1])
        assert (told["received"], told["unchanged"]) == (number, number)
        # On a busy machine a call may have timed out: then a person has the listing.
        ((ended,),) = place.rows(
            "SELECT (SELECT count(*) FROM moderation_decision)"
            " + (SELECT count(*) FROM moderation_reviewtask WHERE kind = 'routed')"
        )
        assert ended == number


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_everything_killed_in_mid_import_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    number = 600
    path = listings(tmp_path / "mugs.jsonl", number)
    with one_process(tmp_path, latency_ms=60) as place:
        place.manage("import_listings", path, "--merchant", "demo")
        kill_in_mid_work(place, ["serve"], number)
        check_nothing_is_broken(place, number)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_children_end_with_a_parent_that_is_killed_alone(tmp_path: Path) -> None:
    path = listings(tmp_path / "mugs.jsonl", 60)
    with one_process(tmp_path, latency_ms=300) as place:
        place.manage("import_listings", path, "--merchant", "demo")
        with place.running("serve") as process:
            until(lambda: place.left() < 50, seconds=60, what="some work")
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            pids = children.read_text().split()
            assert len(pids) == 2
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
            until(
                lambda: not any(Path(f"/proc/{pid}/stat").exists() for pid in pids),
                seconds=15,
                what="the children's end",
            )


def provider_for(place: Installation, port: str, latency_ms: int) -> None:
    """Start the scripted model as a process beside an installation."""
    place.start(
        "provider",
        *("python", "-m", "tests.protocol_server", "--port", port),
        *("--modes", "ok:1", "--latency-ms", str(latency_ms)),
    )


def variables_for(port: str) -> dict[str, str]:
    """Return the settings with which an installation asks that model."""
    return {
        "OPENAI_API_KEY": "scripted",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        "REVIEWHUB_MODEL": "scripted-1",
        "REVIEWHUB_WORKER_CONCURRENCY": "8",
    }


CELERY = ("celery", "-A", "reviewhub", "worker", "-P", "threads", "-c", "2")


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_workers_and_beat_killed_in_turn_while_the_broker_forgets(
    tmp_path: Path,
) -> None:
    number, port = 300, str(free_port())
    path = listings(tmp_path / "mugs.jsonl", number)
    with installation(tmp_path, **variables_for(port)) as place:
        provider_for(place, port, 150)
        place.manage("seed_demo", "--no-listings")
        place.manage("import_listings", path, "--merchant", "demo")
        for name in ("one", "two"):
            place.start(name, *CELERY, "-n", name)
        place.start("beat")

        def left() -> int:
            return int(place.rows(LEFT)[0][0] + place.rows(WAITING)[0][0])

        for name in ("one", "beat", "two"):
            before = left()
            place.until(
                lambda before=before: left() < before - 20, seconds=90, what="progress"
            )
            place.processes[name].kill()
            place.processes[name].wait()
            place.empty_broker()
            assert left() > 0
            command = () if name == "beat" else (*CELERY, "-n", name)
            place.start(name, *command)
        place.until(lambda: left() == 0, seconds=150, what="an empty queue")
        check_nothing_is_broken(place, number)


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.timeout(180)
def test_a_worker_that_sleeps_through_its_leases_writes_nothing_when_it_wakes(
    tmp_path: Path,
) -> None:
    number, port = 8, str(free_port())
    path = listings(tmp_path / "mugs.jsonl", number)
    held = "SELECT count(*) FROM moderation_submission WHERE state = 'assessing'"
    with installation(tmp_path, **variables_for(port)) as place:
        provider_for(place, port, 1500)
        place.manage("seed_demo", "--no-listings")
        place.manage("import_listings", path, "--merchant", "demo")
        zombie = place.start("zombie", "python", "manage.py", "work")
        place.until(
            lambda: place.rows(held)[0][0] == number, seconds=60, what="claiming all"
        )
        zombie.send_signal(signal.SIGSTOP)
        place.run(
            *("python", "manage.py", "shell", "-c"),
            "from moderation.models import Submission as S;"
            "from moderation import upkeep;"
            "S.objects.update(lease_until='2000-01-01T00:00:00Z');"
            "print(upkeep.sweep());"
            "S.objects.update(is_suspect=False)",
        )
        second = place.start("second", "python", "manage.py", "work")
        place.until(
            lambda: place.rows(LEFT)[0][0] == 0, seconds=90, what="the other's work"
        )
        zombie.send_signal(signal.SIGCONT)

        def noticed() -> bool:
            said = "".join(p.read_text() for p in tmp_path.rglob("*.log"))
            return said.count("lease_lost") >= number

        place.until(noticed, seconds=60, what="noticing the lost leases")
        for process in (zombie, second):
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        check_nothing_is_broken(place, number)
