"""The embedded worker: judging and the schedule in one process, no broker.

The same Worker and the same schedule table as with Celery; the database is
looked at several times a second instead of a bell being rung.
"""

import os
import socket
import threading
import time
from collections.abc import Callable

import structlog
from django.db import close_old_connections

from moderation import upkeep
from moderation.delivery.send import Sender
from moderation.evals.runs import work_planned
from moderation.intake.bulk import admit_waiting
from moderation.schedule import SCHEDULE
from moderation.worker import Worker

log = structlog.get_logger(__name__)

# Import rows are admitted as soon as they are stored: nobody rings here.
TICK_S = 0.2
RUNS: dict[str, Callable[[], object]] = {
    "moderation.sweep": upkeep.sweep,
    "moderation.publish": upkeep.publish,
    "moderation.seal": upkeep.seal,
    "moderation.forget": upkeep.forget,
}
# What takes long has a thread of its own, so that publishing never waits for it.
BESIDE: dict[str, Callable[[], object]] = {"moderation.evals": work_planned}
HEARTBEAT_S = 3.0
# A worker that failed so lately shows no sign of work: others need not wait for it.
UNWELL_S = 10.0


class Embedded:
    """A worker with its scheduler thread, until stopped."""

    def __init__(self) -> None:
        """Prepare; nothing runs yet."""
        name = f"embedded:{socket.gethostname()}:{os.getpid()}"
        self.worker = Worker(name=name)
        self._stop = threading.Event()
        self._failed_at = -UNWELL_S

    def stop(self) -> None:
        """Ask both the worker and the scheduler to end."""
        self._stop.set()
        self.worker.stop()

    def run(self) -> None:
        """Run until stopped; schedule and webhooks in threads of their own."""
        upkeep.beat_heart(self.worker.name, "worker")
        beside = [
            threading.Thread(target=run, name=run.__name__, daemon=True)
            for run in (self._schedule, self._send, self._beside)
        ]
        for thread in beside:
            thread.start()
        try:
            while not self._stop.is_set():
                try:
                    self.worker.run_forever()
                except Exception:
                    # The database may be away for a moment; try again.
                    log.exception("worker_failed")
                    self._failed_at = time.monotonic()
                    self._stop.wait(1.0)
        finally:
            self._stop.set()
            for thread in beside:
                thread.join(timeout=10)

    def _send(self) -> None:
        """Send webhooks until stopped; a slow sink holds up nothing else here."""
        while not self._stop.is_set():
            try:
                close_old_connections()
                Sender().run_forever(self._stop)
            except Exception:
                # The database may be away for a moment; leases bring back the rest.
                log.exception("sender_failed")
                self._stop.wait(1.0)
        close_old_connections()

    def _schedule(self) -> None:
        due = {entry["task"]: 0.0 for entry in SCHEDULE.values()}
        every = {entry["task"]: entry["schedule"] for entry in SCHEDULE.values()}
        beat_at = 0.0
        while not self._stop.wait(TICK_S):
            now = time.monotonic()
            if now >= beat_at and now - self._failed_at >= UNWELL_S:
                beat_at = now + HEARTBEAT_S
                self._safely(lambda: upkeep.beat_heart(self.worker.name, "worker"))
            self._safely(admit_waiting)
            for task, run in RUNS.items():
                if now >= due[task]:
                    due[task] = now + every[task]
                    self._safely(run)
        close_old_connections()

    def _beside(self) -> None:
        every = {entry["task"]: entry["schedule"] for entry in SCHEDULE.values()}
        due = dict.fromkeys(BESIDE, 0.0)
        while not self._stop.wait(TICK_S):
            for task, run in BESIDE.items():
                if time.monotonic() >= due[task]:
                    # Where something was done there may be more of it.
                    pause = 0.0 if self._safely(run) else every[task]
                    due[task] = time.monotonic() + pause
        close_old_connections()

    def _safely(self, run: Callable[[], object]) -> object:
        """Return what a run returned, None when it failed."""
        try:
            close_old_connections()
            return run()
        except Exception:
            log.exception("scheduled_run_failed", run=getattr(run, "__name__", "?"))
            return None
