"""The embedded worker by itself: judging and the schedule, without a broker."""

import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from moderation.embedded import Embedded
from moderation.versions import ensure_versions


class Command(BaseCommand):
    """Run the embedded worker until it is told to stop."""

    help = "Judge what waits and run the schedule until stopped; needs no broker."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; a signal to stop lets it finish what it writes."""
        ensure_versions()
        embedded = Embedded()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            embedded.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        embedded.run()
