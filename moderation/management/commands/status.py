"""The operator's four questions: what failed, what waits, what it cost, what serves."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Count

from moderation import monitor
from moderation.assessment.clients import limits
from moderation.assessment.stores import spent
from moderation.management.output import VerbCommand
from moderation.models import Assessment, Breaker, Decision, Rollout, Submission
from moderation.models.clock import database_now
from moderation.models.versions import mode_in_force
from moderation.states import RolloutState, TaskKind
from moderation.versions import baseline, ensure_versions, served

_SINCE = re.compile(r"(\d{1,5})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Command(VerbCommand):
    """Say how the installation is."""

    help = "What failed, queue depth and age, spend, rollouts and mode."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how far to look back."""
        super().add_arguments(parser)
        parser.add_argument("--since", default="1h", help="such as 30m, 1h or 7d")

    def handle(self, *args: Any, **options: Any) -> None:
        """Gather and answer."""
        ensure_versions()
        data = status_of(since_of(options["since"]), database_now())
        self.answer(data, sentences(data), as_json=options["as_json"])


def since_of(text: str) -> timedelta:
    """Read a span of time such as 30m, 1h or 7d.

    Raises:
        CommandError: it cannot be read.
    """
    match = _SINCE.fullmatch(text.strip())
    if match is None:
        raise CommandError("--since is a number and s, m, h or d, such as 30m or 1h.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


NOT_WAITED_FOR = (TaskKind.SPOT_CHECK, TaskKind.KNOWN_ANSWER)


def status_of(span: timedelta, now: datetime) -> dict[str, Any]:
    """Return the state of the installation as JSON-ready data."""
    since = now - span
    today = now.date()
    queues = monitor.review_queues(now)
    # What a merchant waits for; a check of what is live keeps nobody waiting.
    urgent = [q for q in queues if q.name not in NOT_WAITED_FOR]
    version = served(baseline().pk)
    caps = limits()
    return {
        "since": since.isoformat(),
        "received": Submission.objects.filter(received_at__gte=since).count(),
        "decided": Decision.objects.filter(decided_at__gte=since).count(),
        "failed": dict(
            Assessment.objects.failed()
            .filter(created_at__gte=since)
            .values_list("kind")
            .annotate(n=Count("id"))
        ),
        "queue": {
            "depth": sum(queue.depth for queue in urgent),
            "oldest_seconds": round(max(q.oldest_seconds for q in urgent)),
        },
        "queues": {queue.name: queue.depth for queue in queues},
        "machine_queue": {
            "depth": (machine := monitor.machine_queue(now)).depth,
            "oldest_seconds": round(machine.oldest_seconds),
        },
        "spend_microusd": {
            "today": spent(since=today),
            "month": spent(since=today.replace(day=1)),
        },
        "budget_microusd": {"day": caps.day_microusd, "month": caps.month_microusd},
        "mode": str(mode_in_force()),
        "pipeline": version.name,
        "threshold_status": "certified" if version.is_certified else "not certified",
        "breakers": dict(Breaker.objects.values_list("provider", "state")),
        "rollouts": [
            {
                "candidate": row.candidate.name,
                "baseline": row.baseline.name,
                "state": row.state,
                "percent": row.percent,
            }
            for row in Rollout.objects.exclude(
                state=RolloutState.CLOSED
            ).select_related("candidate", "baseline")
        ],
    }


def sentences(data: dict[str, Any]) -> str:
    """Return the status as a person reads it."""
    failed = ", ".join(f"{n} {kind}" for kind, n in data["failed"].items())
    queue, machine = data["queue"], data["machine_queue"]
    budget = data["budget_microusd"]["day"]
    today = data["spend_microusd"]["today"] / 1e6
    return "\n".join(
        [
            (
                f"Failed: {failed or 'nothing'}, of {data['received']} received since "
                f"{data['since'][:16]}; {data['decided']} decided."
            ),
            (
                f"Waiting: {queue['depth']} for people, the oldest "
                f"{queue['oldest_seconds']} s; {machine['depth']} for the machine."
            ),
            f"Spent today: {today:.4f} USD"
            + (f" of {budget / 1e6:.2f}." if budget is not None else ", no limit."),
            (
                f"Serving: {data['pipeline']} ({data['threshold_status']}), mode "
                f"{data['mode']}."
            ),
            *(
                f"Rollout: {row['candidate']} {row['state']} at {row['percent']}%."
                for row in data["rollouts"]
            ),
            *(f"Breaker {name}: {state}." for name, state in data["breakers"].items()),
        ]
    )
