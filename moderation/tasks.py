"""Celery's entry points: take a ring, do what the database says, return.

No task carries a payload and none is needed: each looks for its own work.
"""

import os
import socket
from threading import Lock

from celery import shared_task
from django.db import close_old_connections

from moderation import upkeep
from moderation.delivery.send import Sender
from moderation.dispatch import ring
from moderation.evals.runs import work_planned
from moderation.intake.bulk import admit_waiting
from moderation.worker import Worker

# A drain ends after this long even if more waits, so that a stopping worker
# process is never held up; it rings for the rest.
DRAIN_S = 20.0
NAME = f"worker:{socket.gethostname()}:{os.getpid()}"
# One drain a process: its own loop holds dozens of listings already.
_draining = Lock()
_delivering = Lock()
_evaluating = Lock()


@shared_task(name="moderation.assess")
def assess() -> int:
    """Judge what waits; rings again when there may be more."""
    if not _draining.acquire(blocking=False):
        return 0
    try:
        close_old_connections()
        upkeep.beat_heart(NAME, "worker")
        progress = Worker(name=NAME).drain(seconds=DRAIN_S)
        upkeep.beat_heart(NAME, "worker")
    finally:
        _draining.release()
    if progress.claimed:
        ring("assess")
    return progress.written


@shared_task(name="moderation.admit")
def admit() -> int:
    """Admit import rows as far as there is room."""
    return admit_waiting()


@shared_task(name="moderation.sweep")
def sweep() -> dict[str, int]:
    """Put back what lost its holder."""
    upkeep.beat_heart(NAME, "worker")
    return upkeep.sweep()


@shared_task(name="moderation.publish")
def publish() -> int:
    """Make due decisions effective."""
    return upkeep.publish()


@shared_task(name="moderation.deliver")
def deliver() -> int:
    """Send webhooks that are due; one round a process at a time."""
    if not _delivering.acquire(blocking=False):
        return 0
    try:
        close_old_connections()
        return Sender().drain(seconds=DRAIN_S)
    finally:
        _delivering.release()


@shared_task(name="moderation.seal")
def seal() -> int:
    """Chain what the audit log took in."""
    return upkeep.seal()


@shared_task(name="moderation.evals")
def evals() -> int:
    """Work a while on a planned eval run; the schedule comes back for the rest."""
    if not _evaluating.acquire(blocking=False):
        return 0
    try:
        close_old_connections()
        return work_planned(seconds=DRAIN_S)
    finally:
        _evaluating.release()


@shared_task(name="moderation.forget")
def forget() -> int:
    """Delete remembered answers that are old enough."""
    return upkeep.forget()
