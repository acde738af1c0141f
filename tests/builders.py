"""Plain functions that build what a test needs, through the product's own verbs.

A model that answers as told stands in for the real one behind the same protocol, so
that rows come about as a worker writes them.
"""

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.contrib.auth.models import Group, User
from django.db import connections, transaction

from moderation import claims
from moderation.access.actor import Actor
from moderation.delivery.endpoints import create_endpoint
from moderation.intake.bulk import RawRow, admit_waiting, start_import
from moderation.intake.submit import submit
from moderation.llm.client import (
    ModelFailure,
    ModelReply,
    ModelRequest,
)
from moderation.llm.providers import OFFLINE
from moderation.models import (
    Decision,
    Merchant,
    MerchantMember,
    PipelineVersion,
    ReviewTask,
    Submission,
    WebhookEndpoint,
)
from moderation.models import content_keys as keys
from moderation.pipeline import Context, failed, moderate
from moderation.results import Finished, write_results
from moderation.retrieval.policies import clauses_by_code, install_shipped_policy
from moderation.review.decide import decide
from moderation.review.queue import claim_task
from moderation.states import FailureKind, Outcome, Source, Standing
from moderation.versions import SYSTEM, Served, create_version, served
from moderation.worker import Worker, standardised_of

T = TypeVar("T")
MODEL = "scripted-1"
SELLER = Actor("person:seller")
FIELDS = ("title", "description", "price", "category", "brand", "condition")
Answer = dict[str, Any] | FailureKind | str | Exception


def forget_caches() -> None:
    """Forget what processes keep of rows that never change: here they do."""
    served.cache_clear()
    clauses_by_code.cache_clear()
    keys._kept.clear()


def a_version(**parts: Any) -> PipelineVersion:
    """Return a pipeline version that serves: identity calibration, threshold 0.9."""
    forget_caches()
    values: dict[str, Any] = {
        "name": f"t{PipelineVersion.objects.count() + 1}",
        "provider": OFFLINE,
        "model": MODEL,
        "threshold": 0.9,
        "policy": install_shipped_policy(),
        "by": SYSTEM,
        **parts,
    }
    return create_version(**values)


def serving() -> Served:
    """Return the version that serves, made when there is none."""
    newest = PipelineVersion.objects.order_by("-id").first()
    return served((newest or a_version()).pk)


def a_merchant(slug: str = "kiln", **fields: Any) -> Merchant:
    """Return a merchant who is trusted from the start, the same one each time."""
    defaults = {"name": slug.title(), "standing": Standing.ESTABLISHED, **fields}
    return Merchant.objects.get_or_create(slug=slug, defaults=defaults)[0]


def a_person(name: str, *groups: str, merchant: Merchant | None = None) -> Actor:
    """Return a person in groups, who may belong to a merchant."""
    user, _ = User.objects.get_or_create(username=name)
    for group in groups:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    if merchant is not None:
        MerchantMember.objects.get_or_create(merchant=merchant, user=user)
    return Actor.person(user)


def a_moderator(name: str = "mara", *groups: str) -> Actor:
    """Return a moderator, the same one each time."""
    return a_person(name, "moderator", *groups)


def a_listing(**changes: Any) -> dict[str, Any]:
    """Return a listing that no rule refuses, with some fields changed."""
    return {
        "external_id": "MUG-1",
        "title": "Stoneware mug, blue, 350 ml",
        "description": "A hand-thrown stoneware mug that holds 350 ml.",
        "price": "18.50",
        "currency": "EUR",
        "category": "Home > Kitchen > Mugs",
        "brand": "Kilnwork",
        "condition": "new",
        **changes,
    }


def a_submission(merchant: Merchant | None = None, **changes: Any) -> Submission:
    """Return a stored submission; `source` says by which door."""
    source = changes.pop("source", Source.API)
    serving()
    return submit(
        merchant=merchant or a_merchant(),
        data=a_listing(**changes),
        source=source,
        by=SELLER,
        request_id="req_test",
    ).submission


def submissions(number: int, **changes: Any) -> list[Submission]:
    """Return so many submissions of different listings."""
    return [a_submission(external_id=f"MUG-{n}", **changes) for n in range(number)]


def imported(number: int, merchant: Merchant | None = None) -> int:
    """Send so many listings in bulk, which is quick; return how many went in."""
    serving()
    start_import(
        merchant=merchant or a_merchant(),
        rows=[RawRow(n, a_listing(external_id=f"ROW-{n}")) for n in range(number)],
        source=Source.IMPORT,
        by=Actor("command:test"),
    )
    return admit_waiting()


def a_verdict(**changes: Any) -> dict[str, Any]:
    """Return a model's clean approval, with changes on top."""
    names = ("title", "description", "category", "brand", "condition", "attributes")
    return {
        "reasoning": "An ordinary item; no section comes near it.",
        "clauses": [],
        "doubt": "",
        "proposed": dict.fromkeys(names),
        "field_confidence": dict.fromkeys((*FIELDS, "attributes"), 0.98),
        "confidence": 0.97,
        "language": "en",
        **changes,
    }


def a_clause(code: str = "P-101", **changes: Any) -> dict[str, Any]:
    """Return a finding that quotes the standard listing's title."""
    return {
        "code": code,
        "field": "title",
        "quote": "Stoneware mug",
        "action": "reject",
        "explanation": "It is on the list.",
        **changes,
    }


def listing_in(request: ModelRequest) -> dict[str, Any]:
    """Return the listing that a request carries in its fence."""
    text = request.messages[-1].content
    match = re.search(r"^<data (\S+)>\n(.*)\n</data \1>$", text, re.S | re.M)
    found: dict[str, Any] = json.loads(match.group(2))["listing"] if match else {}
    return found


@dataclass
class ScriptedClient:
    """A model behind the product's own protocol that answers as told.

    `answer` gives, for a listing: a verdict, a text, the kind of a failure, or an
    exception to raise. `gate`, when there is one, is waited for before each answer.
    """

    answer: Callable[[dict[str, Any]], Answer] = lambda listing: a_verdict()
    gate: threading.Event | None = None
    is_fallback: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    def __call__(self, pool: object = None) -> "ScriptedClient":
        """Return itself: a client factory as the worker wants one."""
        return self

    async def call(self, request: ModelRequest) -> ModelReply | ModelFailure:
        """Answer as told."""
        listing = listing_in(request)
        self.asked.append(listing)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            while self.gate is not None and not self.gate.is_set():
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.001)
            said = self.answer(listing)
            if isinstance(said, Exception):
                raise said
        finally:
            self._at_once -= 1
        if isinstance(said, FailureKind):
            return ModelFailure(said, "as told", "scripted")
        text = said if isinstance(said, str) else json.dumps(said)
        return ModelReply(
            text=text,
            model=MODEL,
            provider="scripted",
            finish_reason="stop",
            input_tokens=100,
            cached_tokens=0,
            output_tokens=50,
            latency_ms=1,
            cost_microusd=7,
            is_fallback=self.is_fallback,
        )

    async def close(self) -> None:
        """Nothing to let go of."""


def always(answer: Answer) -> ScriptedClient:
    """Return a model that gives one answer to everything."""
    return ScriptedClient(lambda listing: answer)


def work(client: ScriptedClient | None = None, **options: Any) -> int:
    """Let a worker drain what waits; return how many were written."""
    serving()
    worker = Worker(
        name="worker:test", client_factory=client or ScriptedClient(), **options
    )
    return worker.drain().written


def claimed(submission: Submission, worker: str = "worker:test") -> Submission:
    """Return a waiting submission, leased to a worker."""
    with transaction.atomic():
        (row,) = claims._leased([Submission.objects.get(pk=submission.pk)], worker)
    return row


def judged(submission: Submission, answer: Answer, **context: Any) -> Finished:
    """Return a claimed submission with a judgement on it, not written yet."""
    held = claimed(submission)
    version = serving()
    assert held.lease_token
    if isinstance(answer, FailureKind):
        tidied = standardised_of(held).content
        moderated = failed(answer, "as told", tidied=tidied)
    else:
        moderated = asyncio.run(
            moderate(
                raw=standardised_of(held).content.from_dict(held.raw or {}),
                standardised=standardised_of(held),
                version=version,
                context=Context(**context),
                client=always(answer),
                deadline_s=5,
                request_id="req_test",
            )
        )
    return Finished(held, held.lease_token, version, moderated)


def an_assessment(
    submission: Submission | None = None, answer: Answer | None = None
) -> Submission:
    """Return a submission that was judged and written: decided or in review."""
    submission = submission or a_submission()
    finished = judged(submission, a_verdict() if answer is None else answer)
    assert write_results([finished]) == 1
    return Submission.objects.get(pk=submission.pk)


def a_task(
    submission: Submission | None = None, answer: Answer | None = None
) -> ReviewTask:
    """Return an open task, as a worker leaves it: the model was in doubt."""
    doubt = a_verdict(doubt="Is the glaze safe for food?")
    asked = an_assessment(submission, doubt if answer is None else answer)
    return asked.tasks.get()


def failing(kind: FailureKind = FailureKind.TIMEOUT) -> int:
    """Write a failure for all that waits; return how many tasks there are."""
    version = serving()
    group = [
        Finished(
            row,
            row.lease_token,
            version,
            failed(kind, "as told", tidied=standardised_of(row).content),
        )
        for row in claims.claim(worker="worker:test", limit=1000)
        if row.lease_token
    ]
    return write_results(group)


def a_held_task(by: Actor | None = None, task: ReviewTask | None = None) -> ReviewTask:
    """Return a task that a moderator holds."""
    return claim_task(task=task or a_task(), by=by or a_moderator())


def at_once(calls: Iterable[Callable[[], T]]) -> list[T]:
    """Make calls at the same moment, each in its own thread; return the answers."""
    listed = list(calls)
    start = threading.Barrier(len(listed))

    def run(call: Callable[[], T]) -> T:
        start.wait(timeout=20)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(listed)) as pool:
        return list(pool.map(run, listed))


def until(check: Callable[[], T], *, seconds: float = 20, what: str = "it") -> T:
    """Ask again until the answer is true; fail when it is not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = check()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in {seconds} s")


def an_endpoint(
    merchant: Merchant | None = None,
    *,
    url: str = "https://hooks.example.com/rh",
    **fields: Any,
) -> WebhookEndpoint:
    """Return an address that a merchant wants told; no name server is asked."""
    merchant = merchant or a_merchant()
    endpoint = create_endpoint(
        merchant=merchant, url=url, by=SELLER, check=lambda url: None
    )
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**fields)
    endpoint.refresh_from_db()
    return endpoint


def decided_by(
    person: Actor,
    outcome: str = "approved",
    *,
    task: ReviewTask | None = None,
    clauses: Iterable[str] = ("P-101",),
    **options: Any,
) -> Decision:
    """Return a person's decision on a task, one made for it when none is given."""
    held = claim_task(task=task or a_task(), by=person)
    assert held.lease_token
    return decide(
        task=held,
        by=person,
        lease_token=held.lease_token,
        outcome=Outcome(outcome),
        clauses=[] if outcome == "approved" else list(clauses),
        **options,
    )
