"""An eval that is killed goes on where it stopped: no result twice, no call again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.builders import a_listing, until
from tests.protocol_server import ScriptedServer

TOP = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(TOP / "manage.py")]
CASES = 240
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def stored(database: Path) -> int:
    """Return how many results the database holds."""
    if not database.exists():
        return 0
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
        try:
            found = connection.execute("SELECT count(*) FROM moderation_evalresult")
            return int(found.fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def write_cases(path: Path) -> Path:
    """Write a labelled file of many mugs."""
    rows = (
        {
            "id": f"mug-{n}",
            "listing": a_listing(title=f"Blue ceramic mug no. {n}"),
            "expected": {"decision": "approve", "policy_codes": []},
        }
        for n in range(CASES)
    )
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_killed_eval_goes_on_and_asks_nothing_again(tmp_path: Path) -> None:
    file = write_cases(tmp_path / "mugs.jsonl")
    with ScriptedServer(["ok"], latency_s=0.3) as provider:
        keep = {
            name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ
        }
        environment = {
            **keep,
            "REVIEWHUB_DATA_DIR": str(tmp_path),
            "OPENAI_BASE_URL": provider.base_url,
        }
        subprocess.run(
            [*MANAGE, "migrate", "--verbosity", "0"],
            env=environment,
            cwd=TOP,
            check=True,
            capture_output=True,
            timeout=90,
        )
        (database,) = tmp_path.glob("*.sqlite3")
        command = [*MANAGE, "evaluate", "--dataset", str(file), "--json"]
        killed = subprocess.Popen(
            command,
            env=environment,
            cwd=TOP,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: stored(database) >= 60, seconds=60, what="a part of the run")
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        time.sleep(0.5)
        kept = stored(database)
        asked = len(provider.requests)
        assert 60 <= kept < CASES
        again = subprocess.run(
            command,
            env=environment,
            cwd=TOP,
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        told = json.loads(again.stdout.splitlines()[-1])
        assert f"{kept} of {CASES} cases are done" in again.stderr
        assert told["cases"] == CASES
        assert told["failures"] == 0
        # Unique by constraint; and what was stored was not asked for again.
        assert stored(database) == CASES
        assert len(provider.requests) - asked == CASES - kept
        with sqlite3.connect(database) as connection:
            runs = connection.execute("SELECT state FROM moderation_evalrun").fetchall()
        assert runs == [("completed",)]
