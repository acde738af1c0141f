"""Rows from a file to decision or queue, embedded, with the offline model.

Anchor: the bare offline model on the same rows in one process, without any
database, which no import on one core can pass.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.processes import TOP, installation, run

LEAST_ROWS = 800
BARE = """
import json, sys, time
from moderation.offline_model.judge import judge
rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
judge(rows[0], {})
started = time.perf_counter()
for row in rows:
    judge(row, {})
print(len(rows) / (time.perf_counter() - started))
"""


def measure(listings: Path, rounds: int) -> list[Figure]:
    """Import the file in fresh installations, alternated with the bare model."""
    speeds, memory, bare = [], [], []
    for _ in range(rounds):
        with installation() as environment:
            path = Path(environment["REVIEWHUB_DATA_DIR"]) / "rows.jsonl"
            rows = write_rows(listings, path)
            run(environment, "migrate", "--verbosity", "0")
            run(environment, "seed_demo", "--no-listings")
            started = time.perf_counter()
            output, _, peak = run(
                environment,
                "import_listings",
                str(path),
                "--merchant",
                "demo",
                "--wait",
                "--json",
            )
            seconds = time.perf_counter() - started
            summary = json.loads(output.splitlines()[-1])
            ended = sum(
                summary[name]
                for name in ("refused", "auto_approved", "in_review", "unchanged")
            )
            if ended != rows:
                raise RuntimeError(f"{ended} of {rows} rows have an end")
            speeds.append(rows / seconds)
            memory.append(peak)
            bare.append(_bare(path))
    return [
        Figure(
            "Import with --wait, start of the command included",
            "listings/s",
            tuple(speeds),
            "50",
            "200",
            "the bare offline model on one core",
            tuple(bare),
        ),
        Figure("Peak memory of that import", "MB", tuple(memory), "400", "250"),
    ]


def write_rows(listings: Path, path: Path) -> int:
    """Write the rows, repeated under new ids up to LEAST_ROWS; return how many."""
    rows = [json.loads(line) for line in listings.open(encoding="utf-8")]
    times = -(-LEAST_ROWS // len(rows))
    with path.open("w", encoding="utf-8") as stream:
        for number in range(times):
            for row in rows:
                again = {**row, "external_id": f"{row['external_id']}-{number}"}
                stream.write(json.dumps(again) + "\n")
    return times * len(rows)


def _bare(path: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=TOP,
    )
    return float(done.stdout)
