"""Review over the wire: one holder a task, one decision a lease, undo in its window."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.utils import timezone

from moderation.models import Assessment, Decision, MerchantMember, ReviewTask
from moderation.results import write_results
from tests.builders import a_submission, a_verdict, judged
from tests.moderation.api.conftest import (
    Caller,
    caller_of,
    in_review,
    problem_of,
    sent,
)

pytestmark = pytest.mark.django_db


def claimed(caller: Caller, body: Any = None) -> dict[str, Any]:
    """Claim the next task."""
    response = caller.post("/review/claim", body)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def test_an_empty_queue_answers_204_without_a_body(moderator: Caller) -> None:
    response = moderator.post("/review/claim")
    assert response.status_code == 204
    assert response.content == b""
    assert "RateLimit-Remaining" in response


def test_a_claim_shows_the_task_with_its_lease_and_three_versions(
    moderator: Caller, task: ReviewTask
) -> None:
    found = claimed(moderator, {"queue": "general"})
    task.refresh_from_db()
    assert found["id"] == task.public_id
    assert found["state"] == "claimed"
    assert found["lease_token"] == str(task.lease_token)
    assert found["lease_until"] > found["created_at"]
    assert found["reasons"] == [
        {"code": "model_timeout", "message": "No answer in time."}
    ]
    assert found["versions"]["merchant"]["title"] == "Stoneware mug, blue, 350 ml"
    assert found["versions"]["rules"]["price"] == "18.50"
    assert found["versions"]["model"] is None
    assert found["assessment"] is None


def test_the_lease_token_is_shown_to_its_holder_alone(
    moderator: Caller, admin: Caller, task: ReviewTask
) -> None:
    token = claimed(moderator)["lease_token"]
    own = json.loads(moderator.get(f"/review/tasks/{task.public_id}").content)
    assert own["lease_token"] == token
    theirs = admin.get(f"/review/tasks/{task.public_id}")
    assert json.loads(theirs.content)["lease_token"] is None
    assert token.encode() not in theirs.content


def test_two_moderators_never_hold_the_same_task(
    moderator: Caller, task: ReviewTask
) -> None:
    second = caller_of("moderator", name="second")
    claimed(moderator)
    assert second.post("/review/claim").status_code == 204


def test_an_unknown_queue_is_named(moderator: Caller) -> None:
    found = problem_of(moderator.post("/review/claim", {"queue": "nope"}), 422)
    assert found["errors"][0]["pointer"] == "/queue"


def test_a_task_of_ones_own_merchant_is_not_there(
    moderator: Caller, task: ReviewTask
) -> None:
    claimed(moderator)
    task.refresh_from_db()
    MerchantMember.objects.create(merchant=task.merchant, user=task.claimed_by)
    problem_of(moderator.get(f"/review/tasks/{task.public_id}"), 404)


def test_a_decision_takes_a_token_once(
    moderator: Caller, seller: Caller, task: ReviewTask
) -> None:
    token = claimed(moderator)["lease_token"]
    body = {
        "lease_token": token,
        "outcome": "approved",
        "corrections": {"brand": "Kilnwork Studio"},
        "note": "Looks fine.",
    }
    path = f"/review/tasks/{task.public_id}/decision"
    response = moderator.post(path, body)
    assert response.status_code == 200, response.content
    decision = Decision.objects.get()
    found = json.loads(response.content)
    assert found["id"] == decision.public_id
    assert found["outcome"] == "approved"
    assert decision.published is not None
    assert decision.published["brand"] == "Kilnwork Studio"
    assert decision.private_note == "Looks fine."
    assert decision.request_id == response["X-Request-ID"]
    again = problem_of(moderator.post(path, body), 409)
    assert again["type"].endswith("/already-decided")
    assert again["decision"] == decision.public_id
    assert Decision.objects.count() == 1


def test_another_token_is_a_lost_lease(moderator: Caller, task: ReviewTask) -> None:
    claimed(moderator)
    for act in ("heartbeat", "release", "skip", "escalate", "decision"):
        body = {"lease_token": str(uuid4())}
        if act == "decision":
            body["outcome"] = "approved"
        response = moderator.post(f"/review/tasks/{task.public_id}/{act}", body)
        assert problem_of(response, 409)["type"].endswith("/lease-lost")
    task.refresh_from_db()
    assert task.state == "claimed"
    assert not Decision.objects.exists()


def test_everything_wrong_with_a_decision_is_named_and_nothing_is_stored(
    moderator: Caller, task: ReviewTask
) -> None:
    token = claimed(moderator)["lease_token"]
    path = f"/review/tasks/{task.public_id}/decision"
    body = {"lease_token": "x", "outcome": "maybe", "clauses": "P-101", "who": "me"}
    found = problem_of(moderator.post(path, body), 422)
    assert {e["pointer"]: e["code"] for e in found["errors"]} == {
        "/lease_token": "malformed",
        "/outcome": "not_a_choice",
        "/clauses": "wrong_type",
        "/who": "unknown_field",
    }
    body = {"lease_token": token, "outcome": "rejected", "clauses": ["P-999"]}
    found = problem_of(moderator.post(path, body), 422)
    assert [e["code"] for e in found["errors"]] == ["unknown_clause"]
    corrections = {"attributes": {"Colour": 7}, "price": "cheap", "colour": "blue"}
    for name, correction in corrections.items():
        body = {
            "lease_token": token,
            "outcome": "approved",
            "corrections": {name: correction},
        }
        found = problem_of(moderator.post(path, body), 422)
        assert found["errors"][0]["pointer"].startswith(f"/corrections/{name}")
    assert not Decision.objects.exists()
    task.refresh_from_db()
    assert task.state == "claimed"


def test_undo_gives_the_task_back_to_its_holder_once(
    moderator: Caller, task: ReviewTask
) -> None:
    token = claimed(moderator)["lease_token"]
    body = {"lease_token": token, "outcome": "rejected", "clauses": ["P-101"]}
    response = moderator.post(f"/review/tasks/{task.public_id}/decision", body)
    path = json.loads(response.content)["undo_url"].removeprefix("/api/v1")
    response = moderator.post(path)
    assert response.status_code == 200, response.content
    found = json.loads(response.content)
    assert found["undone"]
    assert found["task"]["id"] == task.public_id
    assert found["task"]["state"] == "claimed"
    assert found["task"]["lease_token"] != token
    stranger = caller_of("moderator", name="second")
    problem_of(stranger.post(path), 409)


def test_an_undo_after_its_window_is_too_late(
    moderator: Caller, task: ReviewTask
) -> None:
    token = claimed(moderator)["lease_token"]
    body = {"lease_token": token, "outcome": "approved"}
    moderator.post(f"/review/tasks/{task.public_id}/decision", body)
    decision = Decision.objects.get()
    Decision.objects.update(effective_at=decision.decided_at)
    response = moderator.post(f"/review/decisions/{decision.public_id}/undo")
    assert problem_of(response, 409)["type"].endswith("/too-late")


def test_a_heartbeat_moves_the_end_of_the_lease(
    moderator: Caller, task: ReviewTask
) -> None:
    token = claimed(moderator)["lease_token"]
    ReviewTask.objects.update(lease_until=timezone.now())
    before = ReviewTask.objects.get().lease_until
    path = f"/review/tasks/{task.public_id}/heartbeat"
    response = moderator.post(path, {"lease_token": token})
    assert response.status_code == 200, response.content
    after = ReviewTask.objects.get().lease_until
    assert before is not None
    assert after is not None
    assert after > before


def test_a_released_task_is_offered_again_and_a_skipped_one_is_not(
    moderator: Caller, task: ReviewTask
) -> None:
    for act, next_claim in (("release", 200), ("skip", 204)):
        token = claimed(moderator)["lease_token"]
        path = f"/review/tasks/{task.public_id}/{act}"
        response = moderator.post(path, {"lease_token": token})
        assert response.status_code == 200, response.content
        assert json.loads(response.content)["state"] == "open"
        assert moderator.post("/review/claim").status_code == next_claim


def test_an_escalated_task_waits_for_a_senior(
    moderator: Caller, admin: Caller, task: ReviewTask
) -> None:
    token = claimed(moderator)["lease_token"]
    path = f"/review/tasks/{task.public_id}/escalate"
    response = moderator.post(path, {"lease_token": token, "reason": "Is it real?"})
    assert response.status_code == 200, response.content
    found = json.loads(response.content)
    assert found["state"] == "resolved"
    assert moderator.post("/review/claim").status_code == 204
    assert claimed(admin, {"queue": "escalations"})["id"] == found["escalation_id"]


def test_the_assessment_is_shown_unless_the_task_is_blind(
    moderator: Caller, merchant: Any, make_assessment: Any
) -> None:
    submission = sent(merchant)
    assessment: Assessment = make_assessment(submission)
    task = in_review(submission, assessment=assessment)
    path = f"/review/tasks/{task.public_id}"
    found = json.loads(moderator.get(path).content)
    assert found["assessment"]["pipeline"] == "v1"
    assert found["assessment"]["verdict"] == "unsure"
    assert found["assessment"]["clauses"][0]["code"] == "P-101"
    assert found["versions"]["model"]["title"] == "Proposed"
    ReviewTask.objects.update(is_blind=True)
    found = json.loads(moderator.get(path).content)
    assert found["assessment"] is None
    assert found["versions"]["model"] is None


def test_staff_see_the_assessments_route_on_the_listing(
    moderator: Caller, merchant: Any, make_assessment: Any
) -> None:
    submission = sent(merchant)
    in_review(submission, assessment=make_assessment(submission))
    found = json.loads(moderator.get(f"/listings/{submission.public_id}").content)
    assert found["route"] == {
        "route": "review",
        "pipeline": "v1",
        "calibrated_confidence": 0.5,
        "reasons": [{"code": "clauses", "message": "The model asks."}],
    }


class TestSpotChecks:
    """A check over the wire: blind until it is answered."""

    @pytest.fixture(autouse=True)
    def _one_is_drawn(self, settings: LazySettings) -> None:
        settings.REVIEWHUB_SPOT_CHECK_SHARE = 1.0
        write_results([judged(a_submission(), a_verdict())])

    def test_the_payload_tells_nothing_of_the_models_answer(
        self, moderator: Caller
    ) -> None:
        found = claimed(moderator, {"queue": "spot-checks"})
        assert (found["kind"], found["state"]) == ("spot_check", "claimed")
        assert found["assessment"] is None
        assert found["versions"]["model"] is None
        assert found["versions"]["shown"]["title"] == "Stoneware mug, blue, 350 ml"
        text = json.dumps(found)
        for word in ("compliant", "0.97", "auto_approve", "confidence", "t1"):
            assert word not in text, word
        assert claimed(moderator, {"queue": "spot-checks"})["id"] == found["id"]

    def test_agreement_is_confirmed_and_then_the_model_is_shown(
        self, moderator: Caller
    ) -> None:
        found = claimed(moderator, {"queue": "spot-checks"})
        path = f"/review/tasks/{found['id']}"
        body = {"lease_token": found["lease_token"], "outcome": "approved"}
        answer = moderator.post(f"{path}/decision", body)
        assert answer.status_code == 200, answer.content
        decided = json.loads(answer.content)
        machines = Decision.objects.get()
        assert (decided["outcome"], decided["resolution"]) == ("approved", "confirmed")
        assert decided["id"] == machines.public_id
        assert decided["effective_at"] > decided["decided_at"]
        seen = json.loads(moderator.get(path).content)
        assert seen["assessment"]["verdict"] == "compliant"
        problem_of(moderator.post(f"{path}/decision", body), 409)
        undone = moderator.post(f"/review/decisions/{decided['id']}/undo")
        assert json.loads(undone.content)["task"]["state"] == "claimed"

    def test_disagreement_answers_with_the_decision_that_replaces_it(
        self, moderator: Caller
    ) -> None:
        found = claimed(moderator, {"queue": "spot-checks"})
        answer = moderator.post(
            f"/review/tasks/{found['id']}/decision",
            {
                "lease_token": found["lease_token"],
                "outcome": "rejected",
                "clauses": ["P-101"],
            },
        )
        decided = json.loads(answer.content)
        assert (decided["outcome"], decided["resolution"]) == ("rejected", "overturned")
        assert decided["id"] == Decision.objects.effective().get().public_id

    def test_an_escalated_check_keeps_its_id(self, moderator: Caller) -> None:
        found = claimed(moderator, {"queue": "spot-checks"})
        answer = moderator.post(
            f"/review/tasks/{found['id']}/escalate",
            {"lease_token": found["lease_token"], "reason": "Odd"},
        )
        data = json.loads(answer.content)
        assert (data["id"], data["escalation_id"]) == (found["id"], found["id"])
        assert data["state"] == "open"
