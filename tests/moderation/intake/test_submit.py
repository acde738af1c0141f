"""The front door: every problem at once, stored once, old versions withdrawn."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django.fixtures import Settings

from moderation.access.actor import Actor
from moderation.content import Problem, sha256_of
from moderation.intake.check import RefusedError, check
from moderation.intake.store import Submitted, withdraw
from moderation.intake.submit import (
    BusyError,
    IntakeClosedError,
    KeyReusedError,
    submit,
)
from moderation.models import (
    AuditEvent,
    ContentKey,
    IdempotencyKey,
    Listing,
    Merchant,
    ReviewTask,
    Submission,
)
from moderation.rollout.mode import set_mode
from moderation.states import ModeKind, Source, Standing
from tests.builders import (
    a_held_task,
    a_listing,
    a_merchant,
    a_submission,
    a_task,
    an_assessment,
    at_once,
    claimed,
)

SELLER = Actor("person:seller")


def send(merchant: Merchant | None = None, **options: Any) -> Submitted:
    """Send a listing through the verb."""
    data = options.pop("data", None)
    given = {"idempotency": options.pop("key", None)}
    given |= {"unknown": options.pop("unknown", "refuse")}
    return submit(
        merchant=merchant or a_merchant(),
        data=a_listing(**options) if data is None else data,
        source=Source.API,
        by=SELLER,
        request_id="req_1",
        **given,
    )


@pytest.mark.django_db
class TestWhatIsRefused:
    """Nothing of a refused listing is stored."""

    def test_every_problem_is_named_at_once_with_its_remedy(self) -> None:
        with pytest.raises(RefusedError) as refused:
            send(
                title="",
                price="-3",
                currency="Zorkmid",
                category=None,
                image_urls="no list",
                colour="blue",
            )
        problems = refused.value.problems
        fields = {problem.field for problem in problems}
        assert {"title", "price", "currency", "category"} <= fields
        assert {"image_urls", "colour"} <= fields
        assert all(problem.message and problem.code for problem in problems)
        assert not Submission.objects.exists()
        assert not Listing.objects.exists()
        assert not AuditEvent.objects.filter(action="submit").exists()

    def test_unknown_fields_may_be_ignored_and_are_then_listed(self) -> None:
        sent = send(colour="blue", unknown="ignore")
        assert sent.created
        assert sent.ignored == ("colour",)

    @pytest.mark.parametrize(
        "data",
        [
            None,
            [],
            "a listing",
            7,
            {},
            {"external_id": {"a": 1}},
            a_listing(title=["a"]),
            a_listing(title="x" * 100_000),
            a_listing(title="\x00\x00"),
            a_listing(price=float("nan")),
            a_listing(price=True),
            a_listing(price="9" * 400),
            a_listing(attributes=[1]),
            a_listing(attributes={"a" * 300: "b"}),
            a_listing(image_urls=["javascript:alert(1)"]),
            a_listing(external_id=""),
            a_listing(external_id="\u202e"),
            a_listing(title="\ud800"),
        ],
        ids=lambda data: ascii(data)[:30],
    )
    def test_hostile_input_is_refused_or_made_storable(self, data: object) -> None:
        problems: tuple[Problem, ...] = ()
        try:
            submit(
                merchant=a_merchant(),
                data=data,
                source=Source.API,
                by=SELLER,
                request_id="",
            )
        except RefusedError as refused:
            problems = refused.problems
        stored = Submission.objects.first()
        assert bool(problems) != bool(stored)
        assert stored is None or "\x00" not in str(stored.raw)

    def test_nul_and_hidden_tags_are_taken_out_and_the_change_is_told(self) -> None:
        sent = send(title="Stoneware\x00 mug, blue\U000e0041, 350 ml")
        stored = Submission.objects.get(pk=sent.submission.pk)
        assert stored.raw
        assert stored.raw["title"] == "Stoneware mug, blue, 350 ml"
        assert "title" in {change["field"] for change in stored.changes}

    def test_a_check_stores_nothing(self) -> None:
        checked = check(a_listing())
        assert checked.external_id == "MUG-1"
        assert not Submission.objects.exists()


@pytest.mark.django_db
class TestWhatIsStored:
    """One new version a change, and its trace."""

    def test_a_submission_says_where_it_came_from(self) -> None:
        sent = send()
        stored = sent.submission
        assert sent.created
        assert (stored.state, stored.version, stored.source) == ("received", 1, "api")
        assert (stored.request_id, stored.sent_by) == ("req_1", "person:seller")
        assert (str(stored.price), stored.currency) == ("18.50", "EUR")
        assert sent.receipt["status"] == "received"
        assert sent.receipt["id"] in sent.receipt["status_url"]
        event = AuditEvent.objects.get(action="submit")
        assert event.subject_id == stored.public_id
        assert len(event.content_hmac) == 64
        assert "mug" not in str(event.data)

    def test_the_fingerprint_in_the_log_is_under_the_merchants_own_key(self) -> None:
        send()
        send(a_merchant("rival"))
        hmacs = AuditEvent.objects.filter(action="submit")
        assert len({event.content_hmac for event in hmacs}) == 2
        assert ContentKey.objects.count() == 2

    def test_unchanged_content_answers_with_what_is_there(self) -> None:
        first = send()
        again = send()
        assert not again.created
        assert again.submission.pk == first.submission.pk
        assert Submission.objects.count() == 1

    def test_the_same_content_of_another_merchant_is_another_listing(self) -> None:
        assert send().created
        assert send(a_merchant("rival")).created
        assert Listing.objects.count() == 2

    def test_going_back_to_older_words_is_a_new_version(self) -> None:
        send()
        send(title="Stoneware mug, green, 350 ml")
        third = send()
        assert third.created
        assert third.submission.version == 3

    def test_a_new_version_withdraws_one_that_waits(self) -> None:
        old = a_submission()
        new = send(title="Stoneware mug, green, 350 ml").submission
        old.refresh_from_db()
        assert (old.state, new.state) == ("withdrawn", "received")

    def test_a_new_version_withdraws_one_that_a_worker_holds(self) -> None:
        old = claimed(a_submission())
        send(title="Stoneware mug, green, 350 ml")
        old.refresh_from_db()
        assert (old.state, old.lease_token, old.lease_until) == (
            "withdrawn",
            None,
            None,
        )

    @pytest.mark.parametrize("make", [a_task, a_held_task])
    def test_a_new_version_cancels_the_old_ones_task(
        self, make: Callable[[], ReviewTask]
    ) -> None:
        task = make()
        send(title="Stoneware mug, green, 350 ml")
        task.refresh_from_db()
        assert (task.state, task.lease_token, task.claimed_by) == (
            "cancelled",
            None,
            None,
        )
        assert task.submission.state == "withdrawn"

    def test_a_new_version_leaves_a_decided_one_as_it_is(self) -> None:
        old = an_assessment()
        assert old.state == "decided"
        send(title="Stoneware mug, green, 350 ml")
        old.refresh_from_db()
        assert old.state == "decided"

    def test_what_was_taken_back_can_be_sent_again(self) -> None:
        first = a_submission()
        assert withdraw(submission=first, by=SELLER)
        assert not withdraw(submission=first, by=SELLER)
        again = send()
        assert again.created
        assert again.submission.version == 2

    def test_what_is_decided_cannot_be_taken_back(self) -> None:
        assert not withdraw(submission=an_assessment(), by=SELLER)


@pytest.mark.django_db
class TestRepeatedRequests:
    """An idempotency key answers once and for all."""

    def test_a_repeated_request_gets_the_first_answer(self) -> None:
        first = send(key=("k1", "digest"))
        a_submission(title="Stoneware mug, green, 350 ml")
        again = send(key=("k1", "digest"))
        assert again.replayed
        assert not again.created
        assert again.receipt == first.receipt
        assert Submission.objects.count() == 2

    def test_a_used_key_with_another_request_is_refused(self) -> None:
        send(key=("k1", "digest"))
        with pytest.raises(KeyReusedError):
            send(key=("k1", "other"), title="Stoneware mug, green, 350 ml")
        assert Submission.objects.count() == 1

    def test_a_key_is_a_merchants_own(self) -> None:
        send(key=("k1", "digest"))
        assert send(a_merchant("rival"), key=("k1", "other")).created

    def test_a_refused_request_does_not_use_up_its_key(self) -> None:
        with pytest.raises(RefusedError):
            send(key=("k1", "digest"), title="")
        assert not IdempotencyKey.objects.exists()
        assert send(key=("k1", "mended")).created


@pytest.mark.django_db
class TestWhoMayComeIn:
    """Closed, suspended and full say so, and for how long."""

    def test_a_closed_intake_takes_nothing(self) -> None:
        set_mode(mode=ModeKind.CLOSED, note="stock-taking", by=Actor("person:ines"))
        with pytest.raises(IntakeClosedError) as closed:
            send()
        assert closed.value.retry_after_s > 0
        assert not Submission.objects.exists()

    def test_humans_only_still_takes_listings(self) -> None:
        set_mode(mode=ModeKind.HUMANS_ONLY, note="a doubt", by=Actor("person:ines"))
        assert send().created

    def test_a_suspended_merchant_sends_nothing_and_others_do(self) -> None:
        with pytest.raises(IntakeClosedError):
            send(a_merchant("shut", standing=Standing.SUSPENDED))
        assert send().created

    def test_a_full_queue_says_when_to_come_back(self, settings: Settings) -> None:
        settings.REVIEWHUB_MAX_QUEUE_DEPTH = 2
        send()
        send(external_id="MUG-2")
        with pytest.raises(BusyError) as busy:
            send(external_id="MUG-3")
        assert busy.value.retry_after_s > 0
        assert Submission.objects.count() == 2
        an_assessment(Submission.objects.first())
        Submission.objects.filter(state="assessing").delete()
        assert send(external_id="MUG-3").created

    def test_a_repeated_request_is_answered_even_when_the_queue_is_full(
        self, settings: Settings
    ) -> None:
        first = send(key=("k1", "digest"))
        settings.REVIEWHUB_MAX_QUEUE_DEPTH = 0
        assert send(key=("k1", "digest")).receipt == first.receipt


@pytest.mark.django_db(transaction=True)
class TestParallelPosts:
    """Real threads on the real database."""

    THREADS = 8

    @pytest.fixture(autouse=True)
    def _connections(self) -> Any:
        yield
        if connection.vendor == "postgresql":
            connections.close_all()

    def test_identical_posts_make_one_submission(self) -> None:
        merchant = a_merchant()
        answers = at_once([lambda: send(merchant)] * self.THREADS)
        assert sum(answer.created for answer in answers) == 1
        assert len({answer.submission.pk for answer in answers}) == 1
        assert Submission.objects.count() == 1

    def test_identical_posts_with_one_key_get_one_receipt(self) -> None:
        merchant = a_merchant()
        answers = at_once([lambda: send(merchant, key=("k", "d"))] * self.THREADS)
        assert len({sha256_of(dict(answer.receipt)) for answer in answers}) == 1
        assert Submission.objects.count() == IdempotencyKey.objects.count() == 1

    def test_different_versions_get_different_numbers_and_one_stays(self) -> None:
        merchant = a_merchant()
        answers = at_once(
            [
                lambda n=n: send(merchant, title=f"Stoneware mug number {n}")
                for n in range(self.THREADS)
            ]
        )
        versions = {answer.submission.version for answer in answers}
        assert versions == set(range(1, self.THREADS + 1))
        waiting = Submission.objects.filter(state="received")
        assert [row.version for row in waiting] == [self.THREADS]
