"""Ends with status 0 when a worker showed in the last minute that it works.

For health checks: a process that is up but takes no work is not healthy.
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.monitor import WORKER_SEEN_WITHIN_S, worker_age_seconds


class Command(BaseCommand):
    """Ask the database when a worker was last seen."""

    help = "Fails unless a worker was seen at work in the last 60 seconds."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the switch for programs."""
        parser.add_argument("--json", action="store_true", help="JSON on the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell the age of the last sign of life."""
        age = worker_age_seconds()
        if options["json"]:
            self.stdout.write(json.dumps({"worker_age_seconds": age}))
        if age is None:
            raise CommandError("No worker was ever seen.")
        if age > WORKER_SEEN_WITHIN_S:
            raise CommandError(f"A worker was last seen {age:.0f} seconds ago.")
