"""The queue of people's work: one holder a task, the right person, for a while."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.models import F

from moderation.access.actor import MACHINE, Actor
from moderation.models import AuditEvent, ReviewTask
from moderation.models.clock import database_now
from moderation.review.escalate import escalate
from moderation.review.queue import (
    LeaseLostError,
    NotAllowedError,
    claim_next,
    claim_task,
    expire_leases,
    heartbeat,
    offered_to,
    release,
    skip,
)
from tests.builders import (
    a_held_task,
    a_merchant,
    a_moderator,
    a_person,
    a_task,
    at_once,
    failing,
    imported,
    submissions,
)

MINUTE = timedelta(minutes=1)


def tasks(number: int) -> list[ReviewTask]:
    """Return so many open tasks."""
    return [a_task(row) for row in submissions(number)]


def token(task: ReviewTask) -> Any:
    """Return the token of a held task."""
    assert task.lease_token
    return task.lease_token


@pytest.mark.django_db
class TestWhoGetsWhat:
    """Due first, never a friend's, never twice what was passed by."""

    def test_the_task_that_is_due_first_is_offered_first(self) -> None:
        late, soon = tasks(2)
        ReviewTask.objects.filter(pk=soon.pk).update(
            due_at=database_now() - timedelta(hours=1)
        )
        claimed = claim_next(by=a_moderator())
        assert claimed
        assert claimed.pk == soon.pk
        assert claimed.pk != late.pk

    def test_nothing_waiting_is_nothing_claimed(self) -> None:
        assert claim_next(by=a_moderator()) is None

    def test_an_unknown_queue_is_a_defect_of_the_caller(self) -> None:
        with pytest.raises(KeyError):
            claim_next(by=a_moderator(), queue="nowhere")

    def test_a_claim_has_a_holder_a_token_and_an_end(self) -> None:
        now = database_now()
        a_task()
        by = a_moderator()
        task = claim_next(by=by, now=now)
        assert task
        assert (task.state, task.claimed_by, task.claimed_at) == (
            "claimed",
            by.user,
            now,
        )
        lease = timedelta(seconds=settings.REVIEWHUB_LEASE_SECONDS)
        assert task.lease_until == now + lease
        assert AuditEvent.objects.filter(actor=by.label, action="claim").exists()

    def test_who_holds_a_task_gets_it_again_and_no_second(self) -> None:
        tasks(2)
        now = database_now()
        first = claim_next(by=a_moderator(), now=now)
        again = claim_next(by=a_moderator(), now=now + MINUTE)
        assert first
        assert again
        assert (again.pk, again.lease_token) == (first.pk, first.lease_token)
        assert again.lease_until == first.lease_until + MINUTE  # type: ignore[operator]  # both are leased
        assert ReviewTask.objects.filter(state="open").count() == 1

    def test_two_moderators_get_two_tasks(self) -> None:
        tasks(2)
        held = [claim_next(by=a_moderator(name)) for name in ("mara", "tomas", "ines")]
        assert held[2] is None
        assert len({task.pk for task in held if task}) == 2

    def test_nobody_ever_gets_a_task_of_their_own_merchant(self) -> None:
        merchant = a_merchant()
        friend = a_person("friend", "moderator", "senior", merchant=merchant)
        theirs = a_merchant("rival")
        imported(20, merchant)
        imported(10, theirs)
        failing()
        for _ in range(200):
            task = claim_next(by=friend)
            assert task
            assert task.merchant_id == theirs.pk
            release(task=task, by=friend, lease_token=token(task))
            later = F("due_at") + timedelta(hours=1)
            ReviewTask.objects.filter(pk=task.pk).update(due_at=later)
        ReviewTask.objects.filter(merchant=theirs).update(state="cancelled")
        assert claim_next(by=friend) is None
        assert ReviewTask.objects.filter(merchant=merchant, state="open").count() == 20

    def test_not_even_by_asking_for_a_certain_task(self) -> None:
        task = a_task()
        friend = a_person("friend", "moderator", merchant=task.merchant)
        with pytest.raises(NotAllowedError):
            claim_task(task=task, by=friend)
        task.refresh_from_db()
        assert task.state == "open"

    def test_what_is_put_off_is_offered_when_its_time_has_come(self) -> None:
        task, now = a_task(), database_now()
        ReviewTask.objects.filter(pk=task.pk).update(not_before=now + MINUTE)
        assert claim_next(by=a_moderator(), now=now) is None
        assert claim_next(by=a_moderator(), now=now + 2 * MINUTE)


@pytest.mark.django_db
class TestAHold:
    """Renewed, given up, run out: always shown by its token."""

    def test_a_heartbeat_prolongs_the_hold(self) -> None:
        task = a_held_task()
        later = database_now() + 5 * MINUTE
        renewed = heartbeat(
            task=task, by=a_moderator(), lease_token=token(task), now=later
        )
        lease = timedelta(seconds=settings.REVIEWHUB_LEASE_SECONDS)
        assert renewed.lease_until == later + lease
        assert ReviewTask.objects.get().lease_until == later + lease

    @pytest.mark.parametrize("verb", [heartbeat, release, skip, escalate])
    def test_nothing_is_done_without_the_token(self, verb: Callable[..., Any]) -> None:
        task = a_held_task()
        more = {"reason": "?"} if verb in (skip, escalate) else {}
        with pytest.raises(LeaseLostError):
            verb(task=task, by=a_moderator(), lease_token=uuid4(), **more)
        with pytest.raises(LeaseLostError):
            verb(task=task, by=a_moderator("tomas"), lease_token=token(task), **more)
        assert ReviewTask.objects.get().state == "claimed"

    def test_a_released_task_is_offered_to_anyone(self) -> None:
        task = a_held_task()
        release(task=task, by=a_moderator(), lease_token=token(task))
        assert claim_next(by=a_moderator("tomas"))

    def test_a_hold_that_ran_out_is_swept_and_offered_again(self) -> None:
        task = a_held_task()
        assert expire_leases() == 0
        late = task.lease_until + MINUTE  # type: ignore[operator]  # it is leased
        assert claim_next(by=a_moderator("tomas"), now=late) is None
        assert expire_leases(now=late) == 1
        again = claim_next(by=a_moderator("tomas"), now=late)
        assert again
        assert again.lease_token != task.lease_token
        with pytest.raises(LeaseLostError, match="ran out"):
            release(task=task, by=a_moderator(), lease_token=token(task))

    def test_a_hold_that_ran_out_but_nobody_took_still_counts(self) -> None:
        task = a_held_task()
        late = task.lease_until + MINUTE  # type: ignore[operator]  # it is leased
        renewed = heartbeat(
            task=task, by=a_moderator(), lease_token=token(task), now=late
        )
        assert renewed.lease_until
        assert renewed.lease_until > late

    def test_a_certain_task_can_be_taken_from_a_hold_that_ran_out(self) -> None:
        task = a_held_task()
        with pytest.raises(LeaseLostError):
            claim_task(task=task, by=a_moderator("tomas"))
        late = task.lease_until + MINUTE  # type: ignore[operator]  # it is leased
        taken = claim_task(task=task, by=a_moderator("tomas"), now=late)
        assert taken.claimed_by == a_moderator("tomas").user

    def test_the_machine_holds_no_tasks(self) -> None:
        task = a_task()
        with pytest.raises(NotAllowedError):
            claim_task(task=task, by=MACHINE)


@pytest.mark.django_db
class TestPassingBy:
    """Skipped for a while, or asked of a senior."""

    def test_a_skipped_task_goes_to_others_and_not_back_at_once(self) -> None:
        task = a_held_task()
        by, now = a_moderator(), database_now()
        skip(task=task, by=by, lease_token=token(task), reason="no Polish", now=now)
        assert claim_next(by=by, now=now) is None
        assert offered_to(a_moderator("tomas"), now).count() == 1
        assert claim_next(by=by, now=now + timedelta(hours=1))
        assert AuditEvent.objects.get(action="skip").reason == "no Polish"

    def test_a_skipped_task_can_be_taken_back_on_purpose(self) -> None:
        task = a_held_task()
        skip(task=task, by=a_moderator(), lease_token=token(task))
        assert claim_task(task=task, by=a_moderator()).state == "claimed"

    def test_escalating_asks_a_senior_and_nobody_else(self) -> None:
        task = a_held_task()
        new = escalate(
            task=task, by=a_moderator(), lease_token=token(task), reason="Is it real?"
        )
        task.refresh_from_db()
        assert (task.state, task.resolution) == ("resolved", "escalated")
        assert new.reasons[0]["code"] == "escalated"
        assert "Is it real?" in new.reasons[0]["message"]
        assert [r["code"] for r in new.reasons[1:]] == [r["code"] for r in task.reasons]
        assert claim_next(by=a_moderator("tomas")) is None
        with pytest.raises(NotAllowedError):
            claim_task(task=new, by=a_moderator("tomas"))
        for senior in (a_moderator("sena", "senior"), a_person("ines", "admin")):
            held = claim_next(by=senior)
            assert held
            assert held.pk == new.pk
            release(task=held, by=senior, lease_token=token(held))
        new.refresh_from_db()
        assert new.submission.state == "in_review"

    def test_a_closed_task_says_what_became_of_it(self) -> None:
        task = a_held_task()
        escalate(task=task, by=a_moderator(), lease_token=token(task), reason="?")
        with pytest.raises(LeaseLostError, match="decided already"):
            claim_task(task=task, by=a_moderator("tomas"))
        ReviewTask.objects.filter(pk=task.pk).update(
            state="cancelled", resolved_at=None
        )
        with pytest.raises(LeaseLostError, match="took this version back"):
            claim_task(task=task, by=a_moderator("tomas"))


@pytest.mark.django_db(transaction=True)
class TestRaces:
    """Real threads on the real database."""

    @pytest.fixture(autouse=True)
    def _connections(self) -> Iterator[None]:
        yield
        if connection.vendor == "postgresql":
            connections.close_all()

    def test_no_task_has_two_holders_whoever_comes_at_once(self) -> None:
        many = connection.vendor == "postgresql"
        people = [a_moderator(f"m{n}") for n in range(16 if many else 4)]
        number = 200 if many else 24
        imported(number)
        failing()

        def draw(by: Actor) -> list[int]:
            drawn = []
            while task := claim_next(by=by):
                drawn.append(task.pk)
                # Held for good: the next draw must find another one.
                ReviewTask.objects.filter(pk=task.pk).update(kind="known_answer")
            return drawn

        drawn = [
            pk
            for own in at_once([lambda by=by: draw(by) for by in people])
            for pk in own
        ]
        assert len(drawn) == len(set(drawn)) == number
        assert ReviewTask.objects.filter(state="claimed").count() == number

    def test_one_person_clicking_twice_gets_one_task(self) -> None:
        tasks(4)
        by = a_moderator()
        drawn = at_once([lambda: claim_next(by=by)] * 4)
        assert len({task.pk for task in drawn if task}) == 1
        assert ReviewTask.objects.filter(state="claimed").count() == 1

    def test_one_certain_task_goes_to_one_of_those_who_ask(self) -> None:
        task = a_task()
        people = [a_moderator(f"m{n}") for n in range(4)]

        def ask(by: Actor) -> bool:
            try:
                claim_task(task=task, by=by)
            except LeaseLostError:
                return False
            return True

        assert sum(at_once([lambda by=by: ask(by) for by in people])) == 1
