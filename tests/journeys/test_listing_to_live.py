"""A listing's way over the wire: sent, doubted, corrected, live, and told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from pytest_django.fixtures import Settings

from moderation import upkeep
from moderation.access.actor import Actor
from moderation.access.keys import issue_key
from moderation.models import Correction, Listing, Submission
from tests.builders import (
    ScriptedClient,
    a_clause,
    a_listing,
    a_merchant,
    a_verdict,
    serving,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)
SENT = a_listing(
    title="Stoneware  mug, blue, 350 ml",
    description="A hand-thrown mug that holds 350 ml. Call +40 721 555 019 to order.",
    price="18,50",
)
CALL = "Call +40 721 555 019 to order."


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    if connection.vendor == "postgresql":
        connections.close_all()


class Caller:
    """Somebody with a key."""

    def __init__(self, role: str, merchant: Any = None) -> None:
        self.key = issue_key(
            name=role, role=role, merchant=merchant, by=Actor.command("tests")
        ).text
        self.client = Client()

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the answer."""
        answer = self.client.generic(
            method,
            f"/api/v1{path}",
            json.dumps(body).encode() if body is not None else b"",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )
        return answer.status_code, json.loads(answer.content or b"null")


@pytest.fixture
def seller() -> Caller:
    serving()
    return Caller("merchant", a_merchant())


@pytest.fixture
def moderator() -> Caller:
    return Caller("moderator")


def doubting() -> ScriptedClient:
    """Return a model that asks about the telephone number."""
    clause = a_clause("P-701", field="description", quote=CALL, action="ask")
    return ScriptedClient(lambda listing: a_verdict(clauses=[clause]))


def test_a_doubted_listing_is_corrected_goes_live_and_is_explained(
    seller: Caller, moderator: Caller, settings: Settings
) -> None:
    settings.REVIEWHUB_UNDO_SECONDS = 3600
    status, receipt = seller.call("POST", "/listings", SENT)
    assert (status, receipt["status"], receipt["version"]) == (202, "received", 1)
    where = f"/listings/{receipt['id']}"

    assert work(doubting()) == 1
    assert seller.call("GET", where)[1]["status"] == "in_review"

    status, task = moderator.call("POST", "/review/claim")
    assert status == 200
    assert "P-701" in json.dumps(task["reasons"])
    fixed = "A hand-thrown mug that holds 350 ml."
    status, decision = moderator.call(
        "POST",
        f"/review/tasks/{task['id']}/decision",
        {
            "lease_token": task["lease_token"],
            "outcome": "approved",
            "clauses": ["P-701"],
            "corrections": {"description": fixed},
            "statement": "We took the telephone number out.",
        },
    )
    assert status == 200, decision
    # Nothing leaves before the window has passed, whoever asks.
    upkeep.publish()
    status, seen = seller.call("GET", where)
    assert (status, seen["status"]) == (200, "in_review")
    assert "telephone number out" not in json.dumps(seen)
    assert Listing.objects.get().live_decision is None

    # The window passes.
    Submission.objects.get().decisions.update(
        decided_at="2026-01-01T00:00:00Z", effective_at="2026-01-01T00:00:10Z"
    )
    Submission.objects.get().deliveries.update(due_at="2026-01-01T00:00:10Z")
    assert upkeep.publish() == 1
    _, told = seller.call("GET", where)
    text = json.dumps(told, ensure_ascii=False)
    assert told["status"] == "approved"
    assert "We took the telephone number out." in text
    assert "P-701" in text
    diff = {entry["field"]: entry for entry in told["diff"]}
    assert diff["description"]["after"] == fixed
    assert CALL in diff["description"]["before"]
    assert (diff["price"]["before"], diff["price"]["after"]) == ("18,50", "18.50")
    assert "title" in diff
    live = Listing.objects.get().live_decision
    assert live
    assert live.published
    assert live.published["description"] == fixed
    assert Correction.objects.get(kind="field").field == "description"


def test_a_rejected_listing_is_mended_by_its_merchant_and_read_again(
    seller: Caller, moderator: Caller, settings: Settings
) -> None:
    settings.REVIEWHUB_UNDO_SECONDS = 0
    _, first = seller.call("POST", "/listings", SENT)
    work(doubting())
    _, task = moderator.call("POST", "/review/claim")
    status, _ = moderator.call(
        "POST",
        f"/review/tasks/{task['id']}/decision",
        {
            "lease_token": task["lease_token"],
            "outcome": "changes_needed",
            "clauses": ["P-701"],
            "statement": "Please take the telephone number out.",
        },
    )
    assert status == 200
    upkeep.publish()
    _, told = seller.call("GET", f"/listings/{first['id']}")
    assert told["status"] == "changes_needed"
    assert "telephone number" in json.dumps(told)

    mended = {**SENT, "description": "A hand-thrown mug that holds 350 ml."}
    _, second = seller.call("POST", "/listings", mended)
    assert (second["version"], second["listing_id"]) == (2, first["listing_id"])
    work()
    upkeep.publish()
    _, now = seller.call("GET", f"/listings/{second['id']}")
    assert now["status"] == "approved"
    _, before = seller.call("GET", f"/listings/{first['id']}")
    assert before["status"] == "changes_needed"


def test_a_near_copy_of_a_rejection_goes_to_a_person_whoever_sends_it(
    seller: Caller, moderator: Caller, settings: Settings
) -> None:
    settings.REVIEWHUB_UNDO_SECONDS = 0
    seller.call("POST", "/listings", SENT)
    work(doubting())
    _, task = moderator.call("POST", "/review/claim")
    moderator.call(
        "POST",
        f"/review/tasks/{task['id']}/decision",
        {
            "lease_token": task["lease_token"],
            "outcome": "rejected",
            "clauses": ["P-701"],
        },
    )
    rival = Caller("merchant", a_merchant("rival"))
    _, copy = rival.call("POST", "/listings", {**SENT, "external_id": "COPY"})
    work()
    assert rival.call("GET", f"/listings/{copy['id']}")[1]["status"] == "in_review"
    _, asked = moderator.call("POST", "/review/claim")
    codes = [reason["code"] for reason in asked["reasons"]]
    assert codes == ["near_duplicate_of_rejection"]


def test_what_is_clean_goes_live_by_itself(seller: Caller) -> None:
    _, receipt = seller.call("POST", "/listings", a_listing())
    work()
    upkeep.publish()
    _, told = seller.call("GET", f"/listings/{receipt['id']}")
    assert told["status"] == "approved"
    assert Listing.objects.get().live_decision
