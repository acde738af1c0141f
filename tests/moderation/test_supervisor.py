"""The supervisor: children started again, ended politely, and never left behind."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import until
from tests.installation import TOP

PROGRAM = """
    import os, sys, time
    from pathlib import Path
    from moderation import supervisor
    from moderation.supervisor import Role, Supervisor

    supervisor.PAUSE_S = 0.05
    here = Path(sys.argv[1])

    def work():
        with (here / "pids").open("a") as file:
            file.write(f"{os.getpid()}\\n")
        if (here / "fail").exists():
            raise RuntimeError("a defect")
        time.sleep(60)

    sys.exit(Supervisor([Role("worker", work)]).run())
"""


class Place:
    """A supervisor in a process of its own, and what its children wrote."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(directory)],
            cwd=TOP,
            stderr=subprocess.DEVNULL,
        )

    def pids(self) -> list[int]:
        """Return the children so far, in order."""
        path = self.directory / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that waits to be buried does not."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    until(lambda: len(made.pids()) == 1, what="the first child")
    yield made
    made.process.kill()
    made.process.wait(10)
    until(lambda: not any(map(is_running, made.pids())), what="the children's end")


def test_a_child_that_is_killed_is_started_again(place: Place) -> None:
    (first,) = place.pids()
    os.kill(first, signal.SIGKILL)
    until(lambda: len(place.pids()) == 2, what="another child")
    assert is_running(place.pids()[1])


def test_a_child_that_keeps_failing_is_started_again_and_again(place: Place) -> None:
    (place.directory / "fail").touch()
    os.kill(place.pids()[0], signal.SIGKILL)
    until(lambda: len(place.pids()) >= 4, what="three more children")
    assert place.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_with_status_nought(
    place: Place, number: signal.Signals
) -> None:
    place.process.send_signal(number)
    assert place.process.wait(15) == 0
    assert not is_running(place.pids()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked for it")
def test_children_end_with_a_parent_that_is_killed(place: Place) -> None:
    place.process.kill()
    place.process.wait(10)
    until(lambda: not is_running(place.pids()[0]), what="the child's end")
