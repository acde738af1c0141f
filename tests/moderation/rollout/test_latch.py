"""Who turns the switch waits for who commits, and for nobody who is frozen."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, connections, transaction

from moderation.access.actor import Actor
from moderation.models import Decision, ReviewTask
from moderation.models.versions import mode_in_force
from moderation.results import write_results
from moderation.rollout import latch
from moderation.rollout.mode import set_mode
from moderation.states import ModeKind
from tests.builders import a_submission, a_verdict, judged

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
INES = Actor("person:ines")


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    connections.close_all()


class Holder(threading.Thread):
    """A transaction that read the switch and has not ended yet."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.has_read = threading.Event()
        self.ended_at = 0.0
        self.read: ModeKind | None = None
        self.failed = False

    def run(self) -> None:
        try:
            with transaction.atomic():
                latch.hold_open()
                self.read = mode_in_force()
                self.has_read.set()
                time.sleep(self.seconds)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            self.ended_at = time.monotonic()
        except OperationalError:
            self.failed = True
        finally:
            connections.close_all()


def test_a_change_waits_for_the_transaction_that_read_the_old_mode() -> None:
    holder = Holder(0.3)
    holder.start()
    assert holder.has_read.wait(5)
    set_mode(mode=ModeKind.HUMANS_ONLY, note="a test", by=INES)
    changed_at = time.monotonic()
    holder.join(5)
    assert holder.read is ModeKind.AUTOMATIC
    assert 0 < holder.ended_at <= changed_at + 0.01


def test_two_that_commit_do_not_wait_for_each_other() -> None:
    holders = [Holder(0.3), Holder(0.3)]
    began = time.monotonic()
    for holder in holders:
        holder.start()
    for holder in holders:
        holder.join(5)
    assert time.monotonic() - began < 0.55


def test_a_frozen_writer_loses_its_connection_and_the_change_holds_in_time() -> None:
    holder = Holder(3)
    holder.start()
    assert holder.has_read.wait(5)
    began = time.monotonic()
    set_mode(mode=ModeKind.CLOSED, note="a test", by=INES)
    assert time.monotonic() - began < 2
    assert mode_in_force() is ModeKind.CLOSED
    holder.join(10)
    assert holder.failed
    assert not holder.ended_at


def test_a_write_waits_for_a_change_under_way_and_then_obeys_it() -> None:
    finished = judged(a_submission(), a_verdict())
    has_shut, seen = threading.Event(), []

    def turn() -> None:
        with transaction.atomic():
            latch.shut()
            has_shut.set()
            time.sleep(0.3)
            set_mode(mode=ModeKind.HUMANS_ONLY, note="a test", by=INES)
            seen.append(Decision.objects.count())
        connections.close_all()

    thread = threading.Thread(target=turn)
    thread.start()
    assert has_shut.wait(5)
    assert write_results([finished]) == 1
    thread.join(5)
    assert seen == [0]
    assert not Decision.objects.exists()
    assert ReviewTask.objects.get().reasons[0]["code"] == "mode"
