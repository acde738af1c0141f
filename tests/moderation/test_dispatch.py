"""The doorbell: one ring a burst, and never an error."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from moderation import dispatch


class Sender:
    """Notes what is sent, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.error = error

    def send_task(self, name: str, **options: Any) -> None:
        """Note it."""
        if self.error:
            raise self.error
        self.sent.append((name, options))


@pytest.fixture(autouse=True)
def _quiet(settings: Settings) -> Iterator[None]:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    dispatch._quiet_until.clear()
    yield
    dispatch._quiet_until.clear()


def test_a_burst_needs_one_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender()
    monkeypatch.setattr(dispatch, "_sender", lambda url: sender)
    assert [dispatch.ring("assess") for _ in range(5)] == [True] + [False] * 4
    assert dispatch.ring("admit")
    names = [name for name, _ in sender.sent]
    assert names == ["moderation.assess", "moderation.admit"]
    for _, options in sender.sent:
        assert options["retry"] is False
        assert "args" not in options
        assert "countdown" not in options


def test_without_a_broker_nothing_is_sent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = ""
    monkeypatch.setattr(dispatch, "_sender", lambda url: Sender(AssertionError()))
    assert not dispatch.ring("assess")
    assert dispatch._quiet_until == {}


@pytest.mark.parametrize("error", [OSError("away"), RuntimeError("odd")])
def test_a_ring_that_fails_is_no_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(dispatch, "_sender", lambda url: Sender(error))
    assert not dispatch.ring("assess")


def test_an_unknown_bell_is_a_defect_of_the_caller() -> None:
    with pytest.raises(KeyError):
        dispatch.ring("dinner")
