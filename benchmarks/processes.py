"""Commands of a throwaway installation, timed, with the memory of their whole tree."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(TOP / "manage.py")]


@contextmanager
def installation() -> Iterator[dict[str, str]]:
    """Yield the environment of an empty installation, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="reviewhub-bench-") as directory:
        keep = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"}
        environment = {name: os.environ[name] for name in keep & set(os.environ)}
        yield {**environment, "REVIEWHUB_DATA_DIR": directory}


def run(environment: dict[str, str], *arguments: str) -> tuple[str, float, float]:
    """Run a command; return its output, its seconds and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [*MANAGE, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=TOP,
    )
    peak = Peak(process.pid)
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {process.returncode}")
    return output, seconds, peak.stop()


def run_json(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    """Run a command with --json; return its last line."""
    output, _, _ = run(environment, *arguments, "--json")
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


class Peak:
    """The highest sum of proportional memory (PSS) of a process and its children."""

    def __init__(self, pid: int) -> None:
        """Start to watch."""
        self._pid = pid
        self._most_kb = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Stop watching; return the peak in MB."""
        self._ended.set()
        self._thread.join()
        return self._most_kb / 1024

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            total = sum(_pss_kb(pid) for pid in tree_of(self._pid))
            self._most_kb = max(self._most_kb, total)


def tree_of(pid: int) -> list[int]:
    """Return a process and all below it (Linux)."""
    found = [pid]
    for one in found:
        try:
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in children]
    return found


def _pss_kb(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
