"""What is done again and again: one table for beat and for the embedded worker.

Every entry only looks at the database and does what is due there, so running
it twice, or late, is harmless.
"""

from typing import TypedDict


class Entry(TypedDict):
    """One scheduled task: its name and every how many seconds."""

    task: str
    schedule: float
    options: dict[str, float]


def _every(seconds: float, task: str) -> Entry:
    # A message that nobody took before the next one is due is worth nothing.
    return {"task": task, "schedule": seconds, "options": {"expires": seconds * 2}}


SCHEDULE: dict[str, Entry] = {
    "assess what waits": _every(2.0, "moderation.assess"),
    "admit import rows": _every(2.0, "moderation.admit"),
    "sweep lost leases": _every(5.0, "moderation.sweep"),
    "publish what is due": _every(1.0, "moderation.publish"),
    "send webhooks": _every(1.0, "moderation.deliver"),
    "seal the audit log": _every(1.0, "moderation.seal"),
    "work on eval runs": _every(5.0, "moderation.evals"),
    "forget old answers": _every(3600.0, "moderation.forget"),
}
