"""What the API's tests share: a client with a key, a merchant, people, a task."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.access.keys import issue_key
from moderation.intake.submit import submit
from moderation.models import (
    Assessment,
    Calibration,
    Merchant,
    MerchantMember,
    PipelineVersion,
    ReviewTask,
    Submission,
)
from moderation.models.transition import move
from moderation.retrieval.policies import current_policy, install_shipped_policy
from moderation.states import Source, SubmissionState, TaskKind

ROOT = "/api/v1"
SETUP = Actor.command("tests")


def listing(**changes: Any) -> dict[str, Any]:
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


@dataclass
class Caller:
    """Calls the API with one key."""

    key: str
    client: Client

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        """Send a call; body as JSON, or raw bytes."""
        data = raw if raw is not None else b""
        if raw is None and body is not None:
            data = json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        return self.client.generic(
            method,
            ROOT + path,
            data,
            content_type=content_type,
            headers={name: value for name, value in sent.items() if value},
        )

    def get(self, path: str, **options: Any) -> HttpResponse:
        """Send a GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        """Send a POST."""
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        """Send a PUT."""
        return self.call("PUT", path, body, **options)


@pytest.fixture
def merchant(db: None) -> Merchant:
    install_shipped_policy()
    return Merchant.objects.create(slug="acme", name="Acme", standing="established")


@pytest.fixture
def other_merchant(db: None) -> Merchant:
    return Merchant.objects.create(slug="other", name="Other", standing="established")


def caller_of(role: str, merchant: Merchant | None = None, name: str = "") -> Caller:
    """Return a caller with a new key."""
    issued = issue_key(
        name=name or f"{role} key", role=role, merchant=merchant, by=SETUP
    )
    return Caller(issued.text, Client(raise_request_exception=False))


def person(name: str, *groups: str, merchant: Merchant | None = None) -> User:
    """Return a person in groups, who may belong to a merchant."""
    user = User.objects.create(username=name)
    for group in groups:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    if merchant is not None:
        MerchantMember.objects.create(merchant=merchant, user=user)
    return user


@pytest.fixture
def anonymous(db: None) -> Caller:
    caller = Caller("", Client(raise_request_exception=False))
    caller.key = "rh_live_00000000_" + "0" * 43
    return caller


@pytest.fixture
def seller(merchant: Merchant) -> Caller:
    return caller_of("merchant", merchant)


@pytest.fixture
def rival(other_merchant: Merchant) -> Caller:
    return caller_of("merchant", other_merchant)


@pytest.fixture
def moderator(merchant: Merchant) -> Caller:
    return caller_of("moderator")


@pytest.fixture
def admin(merchant: Merchant) -> Caller:
    return caller_of("admin")


def sent(merchant: Merchant, **changes: Any) -> Submission:
    """Return a stored submission."""
    return submit(
        merchant=merchant,
        data=listing(**changes),
        source=Source.API,
        by=SETUP,
        request_id="",
    ).submission


def in_review(submission: Submission, **fields: Any) -> ReviewTask:
    """Bring a submission to a person, as a worker would."""
    lease = {"lease_token": "0" * 32, "lease_until": timezone.now()}
    done = {"lease_token": None, "lease_until": None}
    assert move(submission, SubmissionState.ASSESSING, by="t", action="t", change=lease)
    assert move(submission, SubmissionState.IN_REVIEW, by="t", action="t", change=done)
    values = {
        "submission": submission,
        "merchant": submission.merchant,
        "kind": TaskKind.ROUTED,
        "reasons": [{"code": "model_timeout", "message": "No answer in time."}],
        "due_at": timezone.now() + timedelta(hours=1),
        **fields,
    }
    return ReviewTask.objects.create(**values)


@pytest.fixture
def task(merchant: Merchant) -> ReviewTask:
    return in_review(sent(merchant))


def problem_of(response: HttpResponse, status: int) -> dict[str, Any]:
    """Assert that an answer is a problem document of a status; return it."""
    assert response.status_code == status, response.content[:500]
    assert response["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(response.content)
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    assert found["type"].startswith("/api/v1/docs/problems/")
    assert found["request_id"] == found["instance"] == response["X-Request-ID"] != ""
    for error in found.get("errors", []):
        assert set(error) == {"pointer", "field", "code", "message"}
        assert error["code"]
        assert error["message"]
    return found


@pytest.fixture
def make_assessment(merchant: Merchant) -> Callable[[Submission], Assessment]:
    """Return a maker of an unsure assessment by the pipeline version v1."""

    def make(submission: Submission) -> Assessment:
        pipeline = PipelineVersion.objects.create(
            name="v1",
            provider="offline",
            model="m",
            prompt="p",
            policy=current_policy(),
            calibration=Calibration.objects.create(method="identity"),
            threshold=0.9,
        )
        return Assessment.objects.create(
            submission=submission,
            pipeline=pipeline,
            verdict="unsure",
            stated_confidence=0.6,
            calibrated_confidence=0.5,
            clauses=[{"code": "P-101", "field": "title", "quote": "mug"}],
            proposed={**(submission.tidied or {}), "title": "Proposed"},
            route="review",
            reasons=[{"code": "clauses", "message": "The model asks."}],
            threshold=0.9,
        )

    return make
