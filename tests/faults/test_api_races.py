"""Races over the wire, with real threads: one listing a key, one holder a task."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from moderation.models import IdempotencyKey, Merchant, Submission
from moderation.retrieval.policies import install_shipped_policy
from tests.moderation.api.conftest import (
    Caller,
    caller_of,
    in_review,
    listing,
    sent,
)

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


@pytest.fixture
def merchant(transactional_db: None) -> Iterator[Merchant]:
    """A merchant whose rows are committed, so that every thread sees them."""
    install_shipped_policy()
    yield Merchant.objects.create(slug="acme", name="Acme", standing="established")
    if connection.vendor == "postgresql":
        connections.close_all()


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make calls at the same moment, each in its own thread; return the answers."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def copies(caller: Caller, number: int) -> list[Caller]:
    """Return callers with the same key and a client each."""
    return [
        Caller(caller.key, Client(raise_request_exception=False)) for _ in range(number)
    ]


def test_parallel_posts_with_one_key_make_one_listing_and_one_answer(
    merchant: Merchant,
) -> None:
    callers = copies(caller_of("merchant", merchant), THREADS)
    for number in range(10):
        key = {"Idempotency-Key": f"key-{number}"}
        body = listing(external_id=f"MUG-{number}")
        answers = at_once(
            [partial(c.post, "/listings", body, headers=key) for c in callers]
        )
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.content for answer in answers}) == 1
        replayed = [a for a in answers if "Idempotency-Replayed" in a]
        assert len(replayed) == THREADS - 1
    assert Submission.objects.count() == IdempotencyKey.objects.count() == 10


def test_parallel_posts_of_one_listing_without_a_key_make_one_submission(
    merchant: Merchant,
) -> None:
    callers = copies(caller_of("merchant", merchant), THREADS)
    answers = at_once([partial(c.post, "/listings", listing()) for c in callers])
    assert {answer.status_code for answer in answers} == {202}
    assert len({json.loads(answer.content)["id"] for answer in answers}) == 1
    assert Submission.objects.count() == 1


def test_parallel_posts_of_versions_leave_no_two_with_one_number(
    merchant: Merchant,
) -> None:
    callers = copies(caller_of("merchant", merchant), THREADS)
    titles = [f"Stoneware mug number {n}" for n in range(THREADS)]
    answers = at_once(
        [
            partial(c.post, "/listings", listing(title=t))
            for c, t in zip(callers, titles, strict=True)
        ]
    )
    assert {answer.status_code for answer in answers} == {202}
    versions = Submission.objects.values_list("version", flat=True)
    assert sorted(versions) == list(range(1, THREADS + 1))


def test_parallel_posts_with_one_key_and_two_bodies_take_one_of_them(
    merchant: Merchant,
) -> None:
    callers = copies(caller_of("merchant", merchant), THREADS)
    key = {"Idempotency-Key": "abc"}
    answers = at_once(
        [
            partial(
                c.post, "/listings", listing(external_id=f"MUG-{n % 2}"), headers=key
            )
            for n, c in enumerate(callers)
        ]
    )
    assert {answer.status_code for answer in answers} == {202, 422}
    assert Submission.objects.count() == 1


def test_parallel_claims_never_give_one_task_to_two(merchant: Merchant) -> None:
    tasks = [in_review(sent(merchant, external_id=f"MUG-{n}")) for n in range(4)]
    moderators = [caller_of("moderator", name=f"m{n}") for n in range(THREADS)]
    answers = at_once([partial(c.post, "/review/claim") for c in moderators])
    assert {answer.status_code for answer in answers} <= {200, 204}
    held = [json.loads(a.content)["id"] for a in answers if a.status_code == 200]
    assert len(held) == len(set(held)) == len(tasks)


def test_a_decision_posted_twice_at_once_is_made_once(merchant: Merchant) -> None:
    task = in_review(sent(merchant))
    moderator = caller_of("moderator")
    token = json.loads(moderator.post("/review/claim").content)["lease_token"]
    body = {"lease_token": token, "outcome": "approved"}
    path = f"/review/tasks/{task.public_id}/decision"
    answers = at_once([partial(c.post, path, body) for c in copies(moderator, THREADS)])
    assert sorted(a.status_code for a in answers) == [200] + [409] * (THREADS - 1)
    assert task.decisions.count() == 1
