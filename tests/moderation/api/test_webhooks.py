"""The webhooks' calls, the live version, appeals: as an integrating developer sees."""

import json
from datetime import timedelta
from typing import Any

import pytest

from moderation.decisions import Ruling, overturn
from moderation.delivery.outbox import publish_due
from moderation.models import Decision, Delivery, ReviewTask, WebhookEndpoint
from moderation.models.clock import database_now
from moderation.states import Outcome
from tests.builders import (
    a_moderator,
    a_task,
    an_assessment,
    an_endpoint,
    decided_by,
)
from tests.builders import a_submission as submitted
from tests.moderation.api.conftest import Caller, problem_of

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/hook"


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.REVIEWHUB_EGRESS_ALLOW = ("127.0.0.1",)
    settings.REVIEWHUB_UNDO_SECONDS = 0


def body_of(response: Any, status: int = 200) -> Any:
    """Assert the status; return the body."""
    assert response.status_code == status, response.content[:500]
    return json.loads(response.content)


def test_an_endpoint_is_made_shown_rolled_and_deleted(seller: Caller) -> None:
    made = body_of(seller.post("/webhooks", {"url": URL}), 201)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["enabled"] is True
    assert "listing.taken_down" in made["events"]
    path = f"/webhooks/{made['id']}"
    assert body_of(seller.get(path)) == made
    assert body_of(seller.get("/webhooks"))["items"] == [made]
    rolled = body_of(seller.post(f"{path}/roll"))
    assert rolled["secret"] not in (secret, "")
    assert rolled["old_secret_until"]
    assert secret not in seller.get("/webhooks").content.decode()
    off = body_of(seller.post(f"{path}/disable"))
    assert (off["enabled"], off["disabled_reason"]) == (False, "Switched off by you.")
    problem_of(seller.post(f"{path}/test"), 422)
    assert body_of(seller.post(f"{path}/enable"))["enabled"] is True
    assert seller.call("DELETE", path).status_code == 204
    problem_of(seller.get(path), 404)
    assert body_of(seller.get("/webhooks"))["items"] == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["url"]),
        ({"url": "https://10.0.0.1/"}, ["url"]),
        ({"url": "http://hooks.example.com/"}, ["url"]),
        ({"url": URL, "events": ["listing.sold"]}, ["events.0"]),
        ({"url": URL, "secret": "mine", "is_enabled": True}, ["is_enabled", "secret"]),
    ],
)
def test_what_cannot_be_taken_is_named(
    seller: Caller, body: dict[str, Any], fields: list[str]
) -> None:
    found = problem_of(seller.post("/webhooks", body), 422)
    assert sorted(error["field"] for error in found["errors"]) == fields
    assert not WebhookEndpoint.objects.exists()


def test_the_log_shows_every_try_and_sends_again(seller: Caller, merchant: Any) -> None:
    endpoint = an_endpoint(merchant, url=URL)
    told = body_of(seller.post(f"/webhooks/{endpoint.public_id}/test"), 202)
    assert (told["event"], told["status"]) == ("webhook.test", "pending")
    row = Delivery.objects.get()
    row.tries.create(number=1, status=500, latency_ms=12, answer="no")
    Delivery.objects.update(state="dead", attempts=1)
    path = f"/webhooks/{endpoint.public_id}/deliveries"
    (item,) = body_of(seller.get(f"{path}?status=dead"))["items"]
    assert item["tries"][0]["status"] == 500
    assert item["payload"]["type"] == "webhook.test"
    again = body_of(seller.post(f"/deliveries/{item['id']}/resend"), 202)
    assert again["resend_of"] == item["id"]
    assert again["event_id"] == item["event_id"]
    first = body_of(seller.get(f"{path}?limit=1"))
    assert [found["id"] for found in first["items"]] == [again["id"]]
    second = body_of(seller.get(f"{path}?limit=1&cursor={first['next_cursor']}"))
    assert [found["id"] for found in second["items"]] == [item["id"]]
    assert second["next_cursor"] is None
    problem_of(seller.get(f"{path}?status=lost"), 422)


def test_anothers_and_a_missing_endpoint_read_alike(
    seller: Caller, rival: Caller, merchant: Any
) -> None:
    endpoint = an_endpoint(merchant, url=URL)
    delivery = body_of(seller.post(f"/webhooks/{endpoint.public_id}/test"), 202)["id"]
    Delivery.objects.update(state="dead", attempts=1)
    headers = {"X-Request-ID": "req_the_same"}
    for method, path, theirs, missing in (
        ("GET", "/webhooks/{}", endpoint.public_id, "WHE-000000000000"),
        ("DELETE", "/webhooks/{}", endpoint.public_id, "WHE-000000000000"),
        ("GET", "/webhooks/{}/deliveries", endpoint.public_id, "WHE-000000000000"),
        ("POST", "/webhooks/{}/roll", endpoint.public_id, "WHE-000000000000"),
        ("POST", "/deliveries/{}/resend", delivery, "DLV-000000000000"),
    ):
        answers = [
            rival.call(method, path.format(public_id), headers=headers)
            for public_id in (theirs, missing)
        ]
        assert [a.status_code for a in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    publication = an_assessment(submitted(merchant)).deliveries.get(channel="publish")
    problem_of(seller.post(f"/deliveries/{publication.public_id}/resend"), 404)


# --- What is live -------------------------------------------------------------------


def shown(seller: Caller, public_id: str) -> Any:
    """Return what the API says of a submission."""
    return body_of(seller.get(f"/listings/{public_id}"))


def test_the_old_version_is_named_live_while_a_newer_one_is_read(
    seller: Caller, merchant: Any
) -> None:
    first = an_assessment(submitted(merchant))
    assert shown(seller, first.public_id)["live"] is None
    publish_due(by="machine")
    newer = a_task(submitted(merchant, title="Stoneware mug, green, 350 ml")).submission
    found = shown(seller, newer.public_id)
    assert (found["status"], found["version"]) == ("in_review", 2)
    assert (found["live"]["id"], found["live"]["version"]) == (first.public_id, 1)
    by_listing = shown(seller, first.listing.public_id)
    assert by_listing["live"] == found["live"]
    decided_by(a_moderator(), "rejected", task=newer.tasks.get())
    publish_due(by="machine")
    found = shown(seller, newer.public_id)
    assert (found["status"], found["live"]["version"]) == ("rejected", 1)


def test_an_overturn_shows_once_it_is_in_effect(seller: Caller, merchant: Any) -> None:
    row = an_assessment(submitted(merchant))
    publish_due(by="machine")
    now = database_now()
    ground = {"code": "P-101", "field": "title", "quote": "Stoneware mug"}
    new = overturn(
        decision=row.decisions.get(),
        ruling=Ruling(Outcome.REJECTED, clauses=[ground]),
        by=a_moderator("mara-keller"),
        at=now,
        effective_at=now + timedelta(hours=1),
    )
    assert new
    found = shown(seller, row.public_id)
    assert (found["status"], found["live"]["version"]) == ("approved", 1)
    assert body_of(seller.get("/listings?status=approved"))["items"]
    type(new).objects.filter(pk=new.pk).update(effective_at=now)
    new.deliveries.update(due_at=now)
    publish_due(by="machine")
    found = shown(seller, row.public_id)
    assert (found["status"], found["live"]) == ("rejected", None)
    statement = found["decision"]["statement"]
    assert statement["grounds"][0]["rule"]
    assert statement["automated_detection"] is True
    assert statement["automated_decision"] is False
    assert statement["appeal_until"]
    assert "mara" not in json.dumps(found)
    assert not body_of(seller.get("/listings?status=approved"))["items"]


# --- Appeals ------------------------------------------------------------------------


def test_a_refusal_is_appealed_once(seller: Caller, merchant: Any) -> None:
    task = a_task(submitted(merchant))
    path = f"/listings/{task.submission.public_id}/appeal"
    problem_of(seller.post(path, {"text": "Why?"}), 409)
    decided_by(a_moderator(), "rejected", task=task)
    problem_of(seller.post(path, {}), 422)
    made = body_of(seller.post(path, {"text": "It is the name of the glaze."}), 201)
    assert made["state"] == "open"
    assert made["submission_id"] == task.submission.public_id
    assert problem_of(seller.post(path, {"text": "Why?"}), 409)["detail"]


def test_how_an_appeal_stands_is_told_once_its_outcome_holds(
    seller: Caller, merchant: Any, settings: Any
) -> None:
    task = a_task(submitted(merchant))
    where = f"/listings/{task.submission.public_id}"
    assert body_of(seller.get(where))["appeal"] is None
    decided_by(a_moderator(), "rejected", task=task)
    seller.post(f"{where}/appeal", {"text": "It is the name of the glaze."})
    assert body_of(seller.get(where))["appeal"]["state"] == "open"
    settings.REVIEWHUB_UNDO_SECONDS = 3600
    again = ReviewTask.objects.get(kind="appeal")
    upheld = decided_by(a_moderator("vera"), "approved", task=again)
    told = body_of(seller.get(where))["appeal"]
    assert (told["state"], told["resolved_at"]) == ("open", None)
    Decision.objects.filter(pk=upheld.pk).update(effective_at=upheld.decided_at)
    assert body_of(seller.get(where))["appeal"]["state"] == "upheld"
