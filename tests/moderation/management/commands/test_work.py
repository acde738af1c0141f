"""work: runs the embedded worker and ends it politely on a signal."""

import signal
from collections.abc import Callable

import pytest
from django.core.management import call_command

from moderation.management.commands import work
from moderation.models import PipelineVersion
from tests.builders import forget_caches

pytestmark = pytest.mark.django_db


def test_a_signal_to_stop_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_caches()
    handlers: dict[int, Callable[..., None]] = {}
    told: list[str] = []

    class Embedded:
        """Notes what it is told."""

        def run(self) -> None:
            told.append("run")
            handlers[signal.SIGTERM](signal.SIGTERM, None)

        def stop(self) -> None:
            told.append("stop")

    monkeypatch.setattr(work, "Embedded", Embedded)
    monkeypatch.setattr(work.signal, "signal", handlers.__setitem__)
    call_command("work")
    assert told == ["run", "stop"]
    assert set(handlers) == {signal.SIGTERM, signal.SIGINT}
    assert PipelineVersion.objects.exists()
