"""A small marketplace for the pages' tests: people, listings, tasks, decisions.

Built through the product's own verbs wherever there is one, so that a page is
tested on rows as the product writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.test import override_settings
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.decisions import Approval, Ruling, record_auto_approvals
from moderation.evals.datasets import freeze_dataset
from moderation.evals.runs import plan_run, work_run
from moderation.intake.submit import submit
from moderation.models import (
    Assessment,
    Calibration,
    EvalDataset,
    EvalRun,
    Merchant,
    MerchantMember,
    PipelineVersion,
    ReviewTask,
    Submission,
)
from moderation.models.transition import move
from moderation.retrieval.policies import current_policy, install_shipped_policy
from moderation.review.decide import decide
from moderation.review.queue import claim_task
from moderation.review.spot_checks import draw_spot_checks
from moderation.states import Outcome, Source, SubmissionState, TaskKind
from tests.builders import a_clause, a_verdict, a_version, always

PASSWORD = "a long word for tests"
SELLER = Actor("person:seller")
ROLES = ("merchant", "moderator", "senior", "admin", "auditor")

KNIFE = {
    "external_id": "KN-24",
    "title": "★ DAMASCUS knife 24cm HUNTING & kitchen!! handmade",
    "description": "Hand forged damascus steel, full tang, rosewood handle. Great for "
    "the kitchen or hunting trips. Leather sheath included. For discount call "
    "+40 721 555 019",
    "price": "89.00",
    "currency": "USD",
    "category": "Outdoor",
    "condition": "NEW",
    "attributes": {"Blade": "24 cm"},
    "image_urls": ["https://img.example.com/k1.jpg", "https://img.example.com/k2.jpg"],
}
KNIFE_CLAUSES = [
    {
        "code": "P-102",
        "field": "description",
        "quote": "kitchen or hunting trips",
        "action": "reject",
        "explanation": "A knife described for hunting; the clause allows it.",
    },
    {
        "code": "P-701",
        "field": "description",
        "quote": "+40 721 555 019",
        "action": "fix",
        "explanation": "A phone number.",
    },
]


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


def person(name: str, *groups: str, merchant: Merchant | None = None) -> User:
    """Return a person with a password, in groups, who may belong to a merchant."""
    user = User.objects.create_user(username=name, password=PASSWORD)
    for group in groups:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    if merchant is not None:
        MerchantMember.objects.create(merchant=merchant, user=user)
    return user


@dataclass
class World:
    """The marketplace of a test."""

    merchant: Merchant
    rival: Merchant
    people: dict[str, User]
    pipeline: PipelineVersion

    def actor(self, role: str) -> Actor:
        """Return the actor of a role's person."""
        return Actor.person(self.people[role])

    def sent(self, merchant: Merchant | None = None, **changes: Any) -> Submission:
        """Return a stored submission."""
        return submit(
            merchant=merchant or self.merchant,
            data=listing(**changes),
            source=Source.FORM,
            by=SELLER,
            request_id="req_world",
        ).submission

    def task(
        self,
        submission: Submission | None = None,
        *,
        proposed: Mapping[str, Any] | None = None,
        clauses: list[dict[str, str]] | None = None,
        confidence: Mapping[str, float] | None = None,
        failure: str | None = None,
        **fields: Any,
    ) -> ReviewTask:
        """Return an open task with an assessment, as a worker leaves it."""
        submission = submission or self.sent()
        _to_review(submission)
        values: dict[str, Any] = {
            "field_confidence": dict(
                confidence
                or {"title": 0.97, "description": 0.94, "price": 0.99, "category": 0.98}
            ),
            "verdict": "unsure",
            "stated_confidence": 0.6,
            "calibrated_confidence": 0.58,
        }
        if failure:
            values = {"failure": failure}
        assessment = Assessment.objects.create(
            submission=submission,
            pipeline=self.pipeline,
            clauses=clauses or [],
            proposed={**(submission.tidied or {}), **(proposed or {})},
            route="review",
            reasons=fields.get("reasons", []),
            guardrails={"price_anomaly": False, "prohibited_terms": bool(clauses)},
            threshold=0.91,
            **values,
        )
        return ReviewTask.objects.create(
            **{
                "submission": submission,
                "merchant": submission.merchant,
                "assessment": assessment,
                "kind": TaskKind.ROUTED,
                "reasons": [
                    {"code": "low_confidence", "message": "Confidence 0.58 is low."}
                ],
                "due_at": timezone.now() + timedelta(hours=1),
                **fields,
            }
        )

    def live(
        self,
        submission: Submission | None = None,
        *,
        share: float = 1.0,
        ago: timedelta = timedelta(minutes=30),
    ) -> ReviewTask:
        """Return the spot check of a listing that went live by itself a while ago."""
        submission, then = submission or self.sent(), timezone.now() - ago
        lease = {"lease_token": uuid4(), "lease_until": timezone.now()}
        assert move(
            submission, SubmissionState.ASSESSING, by="t", action="t", change=lease
        )
        assessment = Assessment.objects.create(
            submission=submission,
            pipeline=self.pipeline,
            verdict="compliant",
            clauses=[
                {
                    "code": "Q-05",
                    "field": "title",
                    "quote": "mug",
                    "action": "fix",
                    "explanation": "The title was tidied.",
                }
            ],
            proposed=submission.tidied,
            field_confidence={"title": 0.93, "category": 0.98},
            stated_confidence=0.95,
            calibrated_confidence=0.961,
            route="auto_approve",
            guardrails={"price_anomaly": False},
            threshold=0.91,
        )
        ruling = Ruling(outcome=Outcome.APPROVED, published=submission.tidied)
        decided = record_auto_approvals(
            [Approval(submission, assessment, ruling)], at=then
        )
        with override_settings(REVIEWHUB_SPOT_CHECK_SHARE=share):
            (task,) = draw_spot_checks(decided, then)
        return task

    def checked(
        self, task: ReviewTask, outcome: Outcome, role: str = "moderator"
    ) -> ReviewTask:
        """Answer a spot check; return it."""
        held = claim_task(task=task, by=self.actor(role))
        assert held.lease_token
        decide(
            task=held,
            by=self.actor(role),
            lease_token=held.lease_token,
            outcome=outcome,
            clauses=[] if outcome == Outcome.APPROVED else ["P-105"],
        )
        held.refresh_from_db()
        return held

    def knife(self, **fields: Any) -> ReviewTask:
        """Return the task of the knife: one doubtful field, a clause, a fix."""
        submission = self.sent(**{**KNIFE, "brand": None, **fields})
        return self.task(
            submission,
            proposed={
                "category": "Kitchen > Knives > Chef's knives",
                "description": "Hand-forged Damascus steel, full tang, rosewood handle."
                " Great for the kitchen or hunting trips. Leather sheath included.",
                "title": "Damascus Steel Knife, 24 cm, Rosewood Handle",
            },
            clauses=KNIFE_CLAUSES,
            confidence={
                "title": 0.97,
                "description": 0.94,
                "price": 0.99,
                "category": 0.58,
                "condition": 0.99,
                "attributes": 0.95,
            },
            clause="P-102",
            reasons=[
                {
                    "code": "low_confidence_category",
                    "message": "Category scored 0.58 and needs 0.91.",
                }
            ],
        )

    def decided(
        self,
        task: ReviewTask,
        outcome: Outcome,
        *,
        clauses: list[dict[str, str]] | None = None,
        statement: str = "",
        role: str = "moderator",
        ago: timedelta = timedelta(minutes=5),
    ) -> Submission:
        """Decide a task as a moderator did a while ago; return its submission."""
        then = timezone.now() - ago
        held = claim_task(task=task, by=self.actor(role), now=then)
        assert held.lease_token
        decide(
            task=held,
            by=self.actor(role),
            lease_token=held.lease_token,
            outcome=outcome,
            clauses=clauses or [],
            statement=statement,
            now=then,
        )
        return Submission.objects.get(pk=task.submission_id)

    def eval_run(self, **options: Any) -> EvalRun:
        """Return a scored run over one case, which a moderator's decision became.

        `right` says whether the answer was (True unless said), `against` compares.
        """
        found = EvalDataset.objects.filter(name="core").first()
        if found is None:
            self.decided(self.task(self.sent(external_id="CASE")), Outcome.APPROVED)
            found = freeze_dataset(
                name="core", source="all", accept_proposed=True, by=self.actor("admin")
            )
        right = options.pop("right", True)
        answer = a_verdict() if right else a_verdict(clauses=[a_clause()])
        version = options.pop("pipeline", None) or a_version(name=self.free_name())
        run = plan_run(
            dataset=found,
            pipeline=version,
            against=options.pop("against", None),
            by=self.actor("admin"),
        )
        return work_run(run, client_factory=always(answer))

    def free_name(self) -> str:
        """Return a name that no pipeline version has yet."""
        return f"v{15 + PipelineVersion.objects.count()}"


def _to_review(submission: Submission) -> None:
    lease = {"lease_token": "0" * 32, "lease_until": timezone.now()}
    done = {"lease_token": None, "lease_until": None}
    assert move(submission, SubmissionState.ASSESSING, by="t", action="t", change=lease)
    assert move(submission, SubmissionState.IN_REVIEW, by="t", action="t", change=done)


def build() -> World:
    """Return a marketplace with two merchants and one person of each role."""
    install_shipped_policy()
    merchant = Merchant.objects.create(
        slug="kiln", name="Kiln & Stone", standing="established"
    )
    rival = Merchant.objects.create(slug="rival", name="Rival", standing="established")
    people = {
        role: person(role, role, merchant=merchant if role == "merchant" else None)
        for role in ROLES
    }
    people["rival"] = person("rival", "merchant", merchant=rival)
    people["stranger"] = person("stranger")
    thresholds = dict.fromkeys(
        ("title", "description", "price", "category", "condition", "attributes"), 0.91
    )
    pipeline = PipelineVersion.objects.create(
        name="v15",
        provider="offline",
        model="reviewhub-offline-1",
        prompt="listing_v1",
        policy=current_policy(),
        calibration=Calibration.objects.create(method="identity"),
        threshold=0.91,
        field_thresholds=thresholds,
    )
    return World(merchant, rival, people, pipeline)
