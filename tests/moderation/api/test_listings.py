"""Listings over the wire: sent, followed, listed, withdrawn, never seen by others."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.access.keys import issue_key
from moderation.models import (
    IdempotencyKey,
    Listing,
    Mode,
    PipelineVersion,
    Submission,
)
from moderation.review.decide import decide, undo
from moderation.review.queue import claim_next
from moderation.states import Outcome, Source
from moderation.versions import ensure_versions
from tests.moderation.api.conftest import (
    SETUP,
    Caller,
    in_review,
    listing,
    person,
    problem_of,
    sent,
)

pytestmark = pytest.mark.django_db


def codes(response: Any, status: int = 422) -> dict[str, str]:
    """Return the codes of the errors by pointer."""
    found = problem_of(response, status)
    return {error["pointer"]: error["code"] for error in found["errors"]}


def decided(task: Any, outcome: Outcome, at: Any, **more: Any) -> Any:
    """Decide a task as a moderator would, at a time."""
    by = Actor.person(person("mara", "moderator"))
    held = claim_next(by=by, now=at)
    assert held is not None
    assert held.lease_token is not None
    return decide(
        task=held, by=by, lease_token=held.lease_token, outcome=outcome, now=at, **more
    )


# --- Sending ------------------------------------------------------------------------


def test_a_listing_is_answered_202_with_exactly_the_promised_receipt(
    seller: Caller,
) -> None:
    response = seller.post("/listings", listing())
    assert response.status_code == 202, response.content
    receipt = json.loads(response.content)
    submission = Submission.objects.get()
    assert receipt == {
        "id": submission.public_id,
        "listing_id": submission.listing.public_id,
        "external_id": "MUG-1",
        "version": 1,
        "status": "received",
        "status_url": f"/api/v1/listings/{submission.public_id}",
        "expected_decision_at": receipt["expected_decision_at"],
    }
    assert submission.source == Source.API
    assert submission.request_id == response["X-Request-ID"]
    assert seller.get(receipt["status_url"].removeprefix("/api/v1")).status_code == 200


def test_every_bad_field_is_named_at_once_and_nothing_is_stored(
    seller: Caller,
) -> None:
    body = {"external_id": 7, "title": ["a"], "currency": "EUR", "colour": "blue"}
    found = codes(seller.post("/listings", body))
    assert found["/external_id"] == "wrong_type"
    assert found["/title"] == "wrong_type"
    assert found["/colour"] == "unknown_field"
    assert not Listing.objects.exists()


def test_a_quality_rule_refuses_with_its_own_code(seller: Caller) -> None:
    assert codes(seller.post("/listings", listing(price="cheap"))) == {"/price": "Q-09"}


def test_a_null_is_the_same_as_leaving_the_field_out(seller: Caller) -> None:
    response = seller.post("/listings", listing(brand=None, attributes=None))
    assert response.status_code == 202, response.content


@pytest.mark.parametrize(
    "name",
    [
        *("id", "status", "state", "merchant", "merchant_id", "confidence", "version"),
        *("is_effective", "priority", "pipeline", "lease_token", "live_decision"),
    ],
)
def test_no_column_of_ours_can_be_assigned_from_outside(
    seller: Caller, name: str
) -> None:
    found = codes(seller.post("/listings", listing(**{name: "1"})))
    assert found == {f"/{name}": "unknown_field"}
    assert not Submission.objects.exists()


def test_unchanged_content_is_answered_with_the_submission_there_is(
    seller: Caller,
) -> None:
    first = seller.post("/listings", listing())
    again = seller.post("/listings", listing())
    assert again.status_code == 202
    assert json.loads(again.content)["id"] == json.loads(first.content)["id"]
    assert Submission.objects.count() == 1


def test_a_closed_intake_answers_503_and_when_to_come_back(seller: Caller) -> None:
    Mode.objects.create(mode="closed", note="n", by_label="t")
    response = seller.post("/listings", listing())
    assert problem_of(response, 503)["type"].endswith("/intake-closed")
    assert int(response["Retry-After"]) > 0
    assert not Submission.objects.exists()


def test_a_full_queue_answers_503_and_when_to_come_back(
    seller: Caller, settings: Any
) -> None:
    settings.REVIEWHUB_MAX_QUEUE_DEPTH = 1
    assert seller.post("/listings", listing()).status_code == 202
    response = seller.post("/listings", listing(external_id="MUG-2"))
    assert problem_of(response, 503)["type"].endswith("/busy")
    assert int(response["Retry-After"]) > 0
    assert Submission.objects.count() == 1


# --- Sending once -------------------------------------------------------------------


def test_the_same_key_and_body_get_the_first_answer_byte_by_byte(
    seller: Caller,
) -> None:
    key = {"Idempotency-Key": "abc"}
    first = seller.post("/listings", listing(), headers=key)
    again = seller.post("/listings", listing(), headers=key)
    assert first.status_code == again.status_code == 202
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Submission.objects.count() == 1


def test_the_first_answer_stays_even_when_the_listing_has_moved_on(
    seller: Caller,
) -> None:
    key = {"Idempotency-Key": "abc"}
    first = seller.post("/listings", listing(), headers=key)
    seller.post("/listings", listing(title="Stoneware mug, green, 350 ml"))
    again = seller.post("/listings", listing(), headers=key)
    assert again.content == first.content
    assert Submission.objects.count() == 2


def test_the_order_of_keys_in_the_body_makes_no_other_request(seller: Caller) -> None:
    key = {"Idempotency-Key": "abc"}
    first = seller.post("/listings", listing(), headers=key)
    turned = dict(reversed(listing().items()))
    assert seller.post("/listings", turned, headers=key).content == first.content


def test_a_used_key_with_another_body_is_refused(seller: Caller) -> None:
    key = {"Idempotency-Key": "abc"}
    seller.post("/listings", listing(), headers=key)
    response = seller.post("/listings", listing(price="19.00"), headers=key)
    assert problem_of(response, 422)["type"].endswith("/idempotency-key-reused")
    assert Submission.objects.count() == 1


def test_a_key_is_free_again_after_a_request_that_was_refused(seller: Caller) -> None:
    key = {"Idempotency-Key": "abc"}
    assert seller.post("/listings", {}, headers=key).status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert seller.post("/listings", listing(), headers=key).status_code == 202


def test_two_merchants_may_choose_the_same_key(seller: Caller, rival: Caller) -> None:
    key = {"Idempotency-Key": "abc"}
    assert seller.post("/listings", listing(), headers=key).status_code == 202
    response = rival.post("/listings", listing(price="20.00"), headers=key)
    assert response.status_code == 202


@pytest.mark.parametrize("key", ["x" * 256, "ключ", "a\tb", "a\x7f"])
def test_a_key_that_is_not_printable_or_too_long_is_refused(
    seller: Caller, key: str
) -> None:
    response = seller.post("/listings", listing(), headers={"Idempotency-Key": key})
    assert codes(response) == {"#header/Idempotency-Key": "malformed"}
    assert not Submission.objects.exists()


# --- Asking before sending ------------------------------------------------------------


def test_a_precheck_tells_what_would_happen_and_stores_nothing(
    seller: Caller, moderator: Caller
) -> None:
    ensure_versions()
    response = seller.post("/listings/precheck", listing(price="18,5 €"))
    assert response.status_code == 200, response.content
    found = json.loads(response.content)
    assert found["would_be"] in {"approved", "in_review"}
    assert found["message"]
    assert found["standardised"]["price"] == "18.50"
    assert {change["code"] for change in found["changes"]} >= {"Q-09"}
    assert not Submission.objects.exists()
    assert not Listing.objects.exists()


def test_a_precheck_names_what_a_listing_would_be_refused_for(seller: Caller) -> None:
    found = codes(seller.post("/listings/precheck", listing(price="cheap", id="1")))
    assert found == {"/price": "Q-09", "/id": "unknown_field"}


def test_the_first_precheck_of_an_installation_makes_what_it_needs(
    seller: Caller,
) -> None:
    PipelineVersion.objects.all().delete()
    assert seller.post("/listings/precheck", listing()).status_code == 200
    assert PipelineVersion.objects.count() == 1


# --- Following ----------------------------------------------------------------------


def test_a_submission_shows_what_was_sent_and_what_we_changed(
    seller: Caller, merchant: Any
) -> None:
    submission = sent(merchant, price="18,5 €")
    found = json.loads(seller.get(f"/listings/{submission.public_id}").content)
    assert found["id"] == submission.public_id
    assert found["status"] == "received"
    assert found["status_reason"]
    assert found["content"]["price"] == "18,5 €"
    assert found["standardised"]["price"] == "18.50"
    assert {"price"} <= {entry["field"] for entry in found["diff"]}
    assert found["decision"] is None
    assert found["expected_decision_at"]
    assert "route" not in found


def test_a_listings_id_shows_its_newest_version(seller: Caller, merchant: Any) -> None:
    sent(merchant)
    newest = sent(merchant, title="Stoneware mug, green, 350 ml")
    found = json.loads(seller.get(f"/listings/{newest.listing.public_id}").content)
    assert found["id"] == newest.public_id
    assert found["version"] == 2


@pytest.mark.parametrize("caller", ["moderator", "admin"])
def test_staff_see_the_route_with_its_reasons(
    caller: str, task: Any, request: pytest.FixtureRequest
) -> None:
    path = f"/listings/{task.submission.public_id}"
    found = json.loads(request.getfixturevalue(caller).get(path).content)
    assert found["route"] == {
        "route": "review",
        "pipeline": None,
        "calibrated_confidence": None,
        "reasons": [{"code": "model_timeout", "message": "No answer in time."}],
    }


def test_a_decision_is_unseen_until_its_undo_window_has_passed(
    seller: Caller, task: Any
) -> None:
    path = f"/listings/{task.submission.public_id}"
    decision = decided(
        task, Outcome.REJECTED, timezone.now(), clauses=["P-101"], statement="No."
    )
    found = json.loads(seller.get(path).content)
    assert found["status"] == "in_review"
    assert found["decision"] is None
    type(decision).objects.update(effective_at=decision.decided_at)
    found = json.loads(seller.get(path).content)
    assert found["status"] == found["decision"]["outcome"] == "rejected"
    statement = found["decision"]["statement"]
    assert statement["grounds"][0]["clause"] == "P-101"
    assert statement["note"] == "No."
    assert not statement["automated"]
    assert b"mara" not in seller.get(path).content


def test_an_undone_decision_leaves_no_trace_on_the_wire(
    seller: Caller, task: Any
) -> None:
    decision = decided(task, Outcome.APPROVED, timezone.now())
    undo(decision=decision, by=Actor.person(decision.moderator))
    found = json.loads(seller.get(f"/listings/{task.submission.public_id}").content)
    assert found["status"] == "in_review"
    assert found["decision"] is None


# --- Listing ------------------------------------------------------------------------


def test_pages_follow_one_another_without_gap_or_double(
    seller: Caller, merchant: Any
) -> None:
    made = [sent(merchant, external_id=f"MUG-{n}").public_id for n in range(7)]
    seen: list[str] = []
    cursor = ""
    for _ in range(4):
        page = json.loads(seller.get(f"/listings?limit=3&cursor={cursor}").content)
        seen.extend(item["id"] for item in page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_the_list_asks_the_database_no_more_for_more_rows(
    seller: Caller, moderator: Caller, merchant: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        in_review(sent(merchant, external_id=f"MUG-{number}"))
    for caller in (seller, moderator):
        with django_assert_max_num_queries(12):
            assert caller.get("/listings").status_code == 200


def test_each_status_finds_what_the_wire_calls_so(
    seller: Caller, merchant: Any
) -> None:
    now = timezone.now()
    old = now - timedelta(hours=1)
    made = {"received": sent(merchant, external_id="1").public_id}
    withdrawn = sent(merchant, external_id="2")
    seller.post(f"/listings/{withdrawn.public_id}/withdraw")
    made["withdrawn"] = withdrawn.public_id
    by = Actor.person(person("mara", "moderator"))
    for number, (status, outcome, clauses, at) in enumerate(
        [
            ("approved", Outcome.APPROVED, [], old),
            ("rejected", Outcome.REJECTED, ["P-101"], old),
            ("changes_needed", Outcome.CHANGES_NEEDED, ["Q-08"], old),
            ("in_review", Outcome.REJECTED, ["P-101"], now),
        ],
        start=3,
    ):
        task = in_review(sent(merchant, external_id=str(number)))
        held = claim_next(by=by, now=at)
        assert held is not None
        assert held.lease_token is not None
        decide(
            task=held,
            by=by,
            lease_token=held.lease_token,
            outcome=outcome,
            clauses=clauses,
            now=at,
        )
        made[status] = task.submission.public_id
    for status, public_id in made.items():
        items = json.loads(seller.get(f"/listings?status={status}").content)["items"]
        assert [(i["id"], i["status"]) for i in items] == [(public_id, status)]
    assert json.loads(seller.get("/listings?status=assessing").content)["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("status=live", "#query/status"),
        ("status=approved&status=rejected", "#query/status"),
        ("limit=0", "#query/limit"),
        ("limit=201", "#query/limit"),
        ("limit=9999999999999999999999", "#query/limit"),
        ("limit=x", "#query/limit"),
        ("cursor=x", "#query/cursor"),
        ("cursor=djE6LTE", "#query/cursor"),
        ("cursor=%25%25", "#query/cursor"),
        ("cursor=djE6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "#query/cursor"),
        ("stauts=approved", "#query/stauts"),
        ("status=%27%20OR%201=1--", "#query/status"),
    ],
)
def test_an_odd_query_is_named(seller: Caller, query: str, pointer: str) -> None:
    assert list(codes(seller.get(f"/listings?{query}"))) == [pointer]


# --- Withdrawing --------------------------------------------------------------------


def test_a_merchant_takes_a_pending_listing_back_and_may_say_so_twice(
    seller: Caller, task: Any
) -> None:
    path = f"/listings/{task.submission.public_id}/withdraw"
    for _ in range(2):
        response = seller.post(path)
        assert response.status_code == 200, response.content
        assert json.loads(response.content)["status"] == "withdrawn"
    task.refresh_from_db()
    assert task.state == "cancelled"


def test_what_is_decided_cannot_be_withdrawn(seller: Caller, task: Any) -> None:
    decided(task, Outcome.APPROVED, timezone.now() - timedelta(hours=1))
    response = seller.post(f"/listings/{task.submission.public_id}/withdraw")
    assert problem_of(response, 409)["type"].endswith("/too-late")


# --- Other merchants' rows ----------------------------------------------------------


def test_foreign_and_missing_ids_read_exactly_the_same(
    rival: Caller, task: Any
) -> None:
    submission = task.submission
    missing = "SUB-000000000000"
    foreign = (submission.public_id, submission.listing.public_id)
    fixed = {"X-Request-ID": "the-same-id"}
    for suffix, method in (("", "GET"), ("/withdraw", "POST")):
        answers = {
            rival.call(method, f"/listings/{ref}{suffix}", headers=fixed).content
            for ref in (*foreign, missing, "x", "LST-000000000000")
        }
        assert len(answers) == 1
    submission.refresh_from_db()
    assert submission.state == "in_review"


def test_the_list_holds_ones_own_rows_alone(rival: Caller, task: Any) -> None:
    assert json.loads(rival.get("/listings").content)["items"] == []


def test_a_key_of_one_merchant_sees_one_even_if_its_person_belongs_to_two(
    merchant: Any, other_merchant: Any, client: Any
) -> None:
    user = person("both", "merchant", merchant=merchant)
    other_merchant.members.create(user=user)
    submission = sent(other_merchant)
    issued = issue_key(
        name="k", role="merchant", merchant=merchant, user=user, by=SETUP
    )
    found = Caller(issued.text, client).get(f"/listings/{submission.public_id}")
    problem_of(found, 404)
