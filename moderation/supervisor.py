"""Keeps the processes of a one-command installation running: web and workers.

Children are forked from a parent that has loaded everything, so a start is
quick and memory is shared. A child that dies is started again; when the parent
dies, however it dies, the kernel ends the children.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

PR_SET_PDEATHSIG = 1
GRACE_S = 12.0
# A child that dies at once again and again must not burn the machine.
LEAST_LIFE_S, PAUSE_S = 2.0, 2.0


@dataclass(frozen=True, slots=True)
class Role:
    """One kind of child: its name and what it runs until told to stop."""

    name: str
    run: Callable[[], None]


class Supervisor:
    """Forks one child a role and watches them until told to stop."""

    def __init__(self, roles: list[Role]) -> None:
        """Prepare; nothing is forked yet."""
        self._roles = roles
        self._children: dict[int, tuple[Role, float]] = {}
        self._stopping = False

    def run(self) -> int:
        """Run until a signal; return the exit status."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        for role in self._roles:
            self._fork(role)
        while not self._stopping:
            ended = self._wait()
            if ended is None or self._stopping:
                continue
            role, born = ended
            log.error("child_ended", role=role.name)
            if time.monotonic() - born < LEAST_LIFE_S:
                time.sleep(PAUSE_S)
            if not self._stopping:
                self._fork(role)
        return self._end()

    def _on_signal(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _fork(self, role: Role) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self._children[pid] = (role, time.monotonic())
            return
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            # Ctrl-C reaches the whole group: the parent ends children in order.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            die_with_parent(parent)
            role.run()
            status = 0
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            log.exception("child_failed", role=role.name)
        finally:
            os._exit(status)

    def _wait(self) -> tuple[Role, float] | None:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pid = 0
        if not pid:
            time.sleep(0.1)
            return None
        return self._children.pop(pid, None)

    def _end(self) -> int:
        """Stop children politely, then by force; return 0."""
        for pid in self._children:
            _kill(pid, signal.SIGTERM)
        until = time.monotonic() + GRACE_S
        while self._children and time.monotonic() < until:
            self._wait()
        for pid in self._children:
            _kill(pid, signal.SIGKILL)
        return 0


def die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when its parent ends (Linux).

    Elsewhere nothing is asked, and a parent that is killed leaves its children.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
