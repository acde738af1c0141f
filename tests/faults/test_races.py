"""Everybody at once: whatever comes first, the rows make sense afterwards."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections
from django.db.models import Count

from moderation import claims, upkeep
from moderation.delivery.outbox import publish_due
from moderation.intake.bulk import RawRow, admit_waiting, start_import
from moderation.intake.store import withdraw
from moderation.models import (
    Assessment,
    Decision,
    Delivery,
    ImportRow,
    Listing,
    ReviewTask,
    Submission,
)
from moderation.models.clock import database_now
from moderation.review.decide import InvalidDecisionError, TooLateError, decide, undo
from moderation.review.queue import LeaseLostError, claim_next
from moderation.states import FailureKind, Outcome, Source
from tests.builders import (
    SELLER,
    ScriptedClient,
    a_held_task,
    a_listing,
    a_merchant,
    a_moderator,
    a_submission,
    a_task,
    a_verdict,
    an_assessment,
    at_once,
    imported,
    serving,
    submissions,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    if connection.vendor == "postgresql":
        connections.close_all()


def check_all_makes_sense() -> None:
    """Assert what must hold whoever came first."""
    effective = Decision.objects.effective().values("submission")
    assert not effective.annotate(n=Count("id")).filter(n__gt=1).exists()
    decided = Submission.objects.filter(state="decided")
    assert set(decided.values_list("pk", flat=True)) == set(
        Decision.objects.effective().values_list("submission", flat=True)
    )
    waiting = Submission.objects.filter(state="in_review").annotate(n=Count("tasks"))
    assert all(
        row.tasks.filter(state__in=("open", "claimed")).count() == 1 for row in waiting
    )
    gone = Submission.objects.exclude(state="in_review")
    unfinished = ReviewTask.objects.filter(state__in=("open", "claimed"))
    assert not unfinished.filter(submission__in=gone).exists()
    assert not Submission.objects.exclude(state="assessing").filter(
        lease_token__isnull=False
    )
    for listing in Listing.objects.select_related("live_decision__submission"):
        pending = listing.submissions.filter(
            state__in=("received", "assessing", "in_review")
        )
        assert pending.count() <= 1
        versions = listing.submissions.count()
        newest = listing.submissions.order_by("-version")[0]
        assert newest.version == versions
        if listing.live_decision:
            assert listing.live_decision.outcome == "approved"
            assert listing.live_decision.undone_at is None
    sent = Delivery.objects.filter(state="sent")
    assert not sent.filter(decision__undone_at__isnull=False).exists()


def test_two_sweepers_hand_one_crash_over_once() -> None:
    a_submission()
    claims.claim(worker="w", limit=1)
    Submission.objects.update(
        is_suspect=True,
        crashes=2,
        lease_until=database_now() - timedelta(seconds=1),
    )
    assert sum(found["crashed"] for found in at_once([upkeep.sweep] * 4)) == 1
    assert ReviewTask.objects.count() == Assessment.objects.count() == 1


def test_two_that_admit_take_each_row_once() -> None:
    serving()
    rows = [RawRow(n, a_listing(external_id=f"R-{n}")) for n in range(120)]
    start_import(merchant=a_merchant(), rows=rows, source=Source.IMPORT, by=SELLER)
    assert sum(at_once([admit_waiting] * 3)) == 120
    assert Submission.objects.count() == 120
    assert set(ImportRow.objects.values_list("state", flat=True)) == {"admitted"}


def test_two_files_of_the_same_listings_make_each_once() -> None:
    serving()
    merchant = a_merchant()
    rows = [RawRow(n, a_listing(external_id=f"R-{n}")) for n in range(60)]
    turned = [RawRow(row.number, row.data) for row in reversed(rows)]
    for each in (rows, turned):
        start_import(merchant=merchant, rows=each, source=Source.IMPORT, by=SELLER)

    def admit() -> int:
        # A deadlock is the database's way to say: once more. The schedule does.
        for _ in range(5):
            with suppress(OperationalError):
                return admit_waiting()
        raise AssertionError("five deadlocks in a row")

    at_once([admit] * 3)
    admit()
    assert Submission.objects.count() == Listing.objects.count() == 60
    states = Counter(ImportRow.objects.values_list("state", flat=True))
    assert states == {"admitted": 60, "unchanged": 60}


@pytest.mark.parametrize("round_", range(4))
def test_two_publishers_never_put_the_older_version_live(round_: int) -> None:
    task = a_held_task(task=a_task())
    assert task.lease_token
    old = decide(
        task=task,
        by=a_moderator(),
        lease_token=task.lease_token,
        outcome=Outcome.APPROVED,
    )
    an_assessment(a_submission(title="Stoneware mug, green, 350 ml"))
    later = old.effective_at + timedelta(seconds=1)
    if round_ % 2:
        # The older first in line, so that a publisher of its own has only that one.
        Delivery.objects.filter(decision=old).update(due_at=old.decided_at)
    at_once([lambda: publish_due(by="machine", now=later)] * 2)
    publish_due(by="machine", now=later)
    live = Listing.objects.get().live_decision
    assert live
    assert live.submission.version == 2


def test_workers_and_sweepers_at_once_judge_each_listing_once() -> None:
    imported(60)

    def drain() -> int:
        return work(ScriptedClient())

    def sweep() -> int:
        return sum(sum(upkeep.sweep().values()) for _ in range(5))

    *_, found = at_once([drain, drain, sweep])
    assert found == 0
    assert Decision.objects.count() == Assessment.objects.count() == 60
    check_all_makes_sense()


def people_at_work(seed: int, rounds: int) -> list[Callable[[], None]]:
    """Return people and processes that act at random, each for so many rounds."""

    def chosen(kind: str, number: int) -> random.Random:
        return random.Random(f"{seed}-{kind}-{number}")

    def selling(number: int) -> None:
        source = chosen("seller", number)
        for n in range(rounds):
            title = f"Stoneware mug number {source.randrange(9)}"
            row = a_submission(external_id=f"MUG-{source.randrange(6)}", title=title)
            if source.random() < 0.2:
                withdraw(submission=row, by=SELLER)
            assert n < rounds

    def judging(number: int) -> None:
        source = chosen("worker", number)
        for _ in range(rounds // 3):
            work(
                ScriptedClient(
                    lambda listing: source.choice(
                        [a_verdict(), a_verdict(doubt="?"), FailureKind.TIMEOUT]
                    )
                )
            )

    def deciding(number: int) -> None:
        source, by = chosen("moderator", number), a_moderator(f"m{number}")
        for _ in range(rounds):
            task = claim_next(by=by)
            if task is None or task.lease_token is None:
                continue
            outcome = source.choice(list(Outcome))
            with suppress(LeaseLostError, TooLateError, InvalidDecisionError):
                decision = decide(
                    task=task,
                    by=by,
                    lease_token=task.lease_token,
                    outcome=outcome,
                    clauses=["P-101"],
                )
                if source.random() < 0.3:
                    undo(decision=decision, by=by)

    def keeping_up() -> None:
        for n in range(rounds):
            upkeep.sweep()
            publish_due(
                by="machine", now=database_now() + timedelta(seconds=20 * (n % 2))
            )

    return [
        lambda: selling(1),
        lambda: selling(2),
        lambda: judging(1),
        lambda: deciding(1),
        lambda: deciding(2),
        keeping_up,
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_everybody_at_once_leaves_rows_that_make_sense(seed: int) -> None:
    submissions(6)
    for number in (1, 2):
        a_moderator(f"m{number}")
    at_once(people_at_work(seed, rounds=12))
    check_all_makes_sense()
    a_submission(external_id="last")
    assert work(ScriptedClient()) > 0
    check_all_makes_sense()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 16))
def test_everybody_at_once_for_long_leaves_rows_that_make_sense(seed: int) -> None:
    submissions(6)
    for number in (1, 2):
        a_moderator(f"m{number}")
    at_once(people_at_work(seed, rounds=60))
    check_all_makes_sense()
