"""The database refuses every half-fact, whatever code asks for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import models, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from moderation.models import (
    ApiKey,
    Appeal,
    Assessment,
    AuditEvent,
    BudgetReservation,
    Certificate,
    ContentKey,
    Correction,
    Decision,
    Delivery,
    EvalCase,
    EvalDataset,
    EvalRun,
    Import,
    ImportRow,
    Listing,
    MerchantMember,
    NearDuplicateBand,
    PipelineVersion,
    PolicyClause,
    ReviewTask,
    Rollout,
    Submission,
    WebhookEndpoint,
)
from moderation.states import FailureKind
from tests.builders import (
    a_merchant,
    a_moderator,
    a_person,
    a_submission,
    a_task,
    a_verdict,
    a_version,
    an_assessment,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LEASE = {"lease_token": uuid4(), "lease_until": NOW}


def updated(row: models.Model, **values: Any) -> Callable[[], object]:
    """Return the attempt to set columns of a stored row."""
    return lambda: type(row)._default_manager.filter(pk=row.pk).update(**values)


def made(model: type[models.Model], **values: Any) -> Callable[[], object]:
    """Return the attempt to store a row."""
    return lambda: model._default_manager.create(**values)


def copied(row: models.Model, **values: Any) -> Callable[[], object]:
    """Return the attempt to store a row's twin with some columns changed."""
    names = [f.attname for f in row._meta.concrete_fields if not f.primary_key]
    own = {name: getattr(row, name) for name in names} | values
    return lambda: type(row)._default_manager.create(**own)


def decided() -> Decision:
    return an_assessment().decisions.get()


def a_delivery() -> Delivery:
    return decided().deliveries.get()


def a_webhook_delivery() -> Delivery:
    merchant = a_merchant()
    return Delivery.objects.create(
        merchant=merchant,
        channel="webhook",
        endpoint=WebhookEndpoint.objects.create(
            merchant=merchant, url="https://shop.example/hook", secret="whsec_x"
        ),
        event_id="EVT-1",
        event="listing.approved",
        due_at=NOW,
    )


def an_import_row() -> ImportRow:
    batch = Import.objects.create(merchant=a_merchant(), source="import")
    return ImportRow.objects.create(batch=batch, number=1)


def a_claimed() -> ReviewTask:
    task = a_task()
    values = {"claimed_by": a_moderator().user, "claimed_at": NOW, **LEASE}
    ReviewTask.objects.filter(pk=task.pk).update(state="claimed", **values)
    return ReviewTask.objects.get(pk=task.pk)


def a_dataset() -> EvalDataset:
    return EvalDataset.objects.create(name="shipped")


def a_run() -> EvalRun:
    return EvalRun.objects.create(
        dataset=a_dataset(), pipeline=a_version(), planned_cases=1
    )


def a_rollout(**values: Any) -> Rollout:
    old, new = a_version(), a_version()
    return Rollout.objects.create(
        baseline=old, candidate=new, salt="s", started_by="a", **values
    )


def a_certificate() -> Certificate:
    return Certificate.objects.create(
        pipeline=a_version(),
        dataset=a_dataset(),
        **dict.fromkeys(("alpha", "delta", "threshold", "p_value"), 0.05),
        **dict.fromkeys(("grid", "starts", "table"), []),
        **dict.fromkeys(("approved_cases", "wrong_cases"), 1),
        recipe_sha256="a",
        dataset_sha256="b",
        grid_declared_at=NOW,
        issued_by="a",
        expires_at=NOW,
    )


def an_appeal() -> Appeal:
    decision = decided()
    return Appeal.objects.create(
        decision=decision,
        merchant=decision.submission.merchant,
        text="Look again.",
        by_label="a",
    )


def a_case(**values: Any) -> EvalCase:
    return EvalCase.objects.create(
        **{"reference": "c", "expected": {}, "provenance": "shipped", **values}
    )


def a_key(**values: Any) -> Callable[[], object]:
    user = a_person("kim").user
    own = {"prefix": "rh_1", "sha256": "a", "last_four": "abcd", "name": "k"}
    return made(ApiKey, user=user, **own, **values)


def later(row: Decision, **values: Any) -> dict[str, Any]:
    return {"undone_at": NOW, "public_id": "DEC-OTHER", **values}


HALF_FACTS: dict[str, list[Callable[[], Callable[[], object]]]] = {
    "one_membership_a_person": [
        lambda: copied(
            MerchantMember.objects.create(
                merchant=a_merchant(), user=a_person("kim").user
            )
        )
    ],
    "content_key_present_or_destroyed": [
        lambda: made(ContentKey, merchant=a_merchant(), key=None),
        lambda: made(ContentKey, merchant=a_merchant(), key=b"k", destroyed_at=NOW),
    ],
    "one_listing_a_reference": [
        lambda: copied(a_submission().listing, public_id="LST-OTHER")
    ],
    "one_submission_a_version": [lambda: copied(a_submission(), public_id="SUB-OTHER")],
    "submission_lease_whole": [
        lambda: updated(a_submission(), lease_until=NOW),
        lambda: updated(a_submission(), state="assessing", lease_token=uuid4()),
    ],
    "submission_leased_while_assessing": [
        lambda: updated(a_submission(), state="assessing"),
        lambda: updated(a_submission(), **LEASE),
        lambda: updated(a_submission(), state="decided", **LEASE),
    ],
    "one_assessment_an_attempt": [lambda: copied(an_assessment().assessments.get())],
    "assessment_verdict_or_failure": [
        lambda: updated(an_assessment().assessments.get(), failure="empty"),
        lambda: updated(
            an_assessment(answer=FailureKind.EMPTY).assessments.get(), failure=None
        ),
    ],
    "assessment_confidence_with_verdict": [
        lambda: updated(an_assessment().assessments.get(), stated_confidence=None),
        lambda: updated(
            an_assessment(answer=FailureKind.EMPTY).assessments.get(),
            calibrated_confidence=0.9,
        ),
    ],
    "assessment_auto_approve_only_compliant": [
        lambda: updated(
            an_assessment(answer=a_verdict(doubt="?")).assessments.get(),
            route="auto_approve",
        ),
        lambda: updated(
            an_assessment(answer=FailureKind.EMPTY).assessments.get(),
            route="auto_approve",
        ),
    ],
    "budget_not_negative": [
        lambda: made(BudgetReservation, day=NOW.date(), reserved_microusd=-1),
        lambda: made(
            BudgetReservation,
            day=NOW.date(),
            reserved_microusd=1,
            settled_microusd=-1,
        ),
    ],
    "task_claim_whole": [
        lambda: updated(a_claimed(), claimed_at=None),
        lambda: updated(a_claimed(), lease_until=None),
        lambda: updated(a_task(), claimed_at=NOW),
    ],
    "task_leased_while_claimed": [
        lambda: updated(a_task(), state="claimed"),
        lambda: updated(a_claimed(), state="open"),
    ],
    "task_resolved_at_when_resolved": [
        lambda: updated(a_task(), state="resolved"),
        lambda: updated(a_task(), resolved_at=NOW),
    ],
    "spot_check_has_its_probability": [
        lambda: updated(a_task(), kind="spot_check"),
        lambda: updated(a_task(), kind="spot_check", sampling_probability=0),
        lambda: updated(a_task(), kind="spot_check", sampling_probability=1.1),
    ],
    "one_correction_a_field": [
        lambda: copied(
            Correction.objects.create(decision=decided(), kind="field", field="title")
        )
    ],
    "one_unfinished_task_a_kind": [lambda: copied(a_task(), public_id="TSK-OTHER")],
    "one_effective_decision_a_submission": [
        lambda: copied(decided(), public_id="DEC-OTHER")
    ],
    "only_a_person_refuses": [
        lambda: updated(decided(), outcome="rejected", published=None),
        lambda: updated(decided(), outcome="changes_needed", published=None),
    ],
    "decision_publishes_when_approved": [
        lambda: updated(decided(), published=None),
        lambda: updated(decided(), decided_by="person", outcome="rejected"),
    ],
    "decision_effective_after_decided": [
        lambda: updated(decided(), effective_at=NOW - timedelta(days=1))
    ],
    "appeal_resolved_when_closed": [
        lambda: updated(an_appeal(), state="upheld"),
        lambda: updated(an_appeal(), resolved_at=NOW),
    ],
    "delivery_endpoint_for_webhooks": [
        lambda: updated(a_delivery(), channel="webhook")
    ],
    "delivery_lease_whole": [
        lambda: updated(a_delivery(), lease_token=uuid4()),
        lambda: updated(a_delivery(), lease_until=NOW),
    ],
    "delivery_sent_at_when_sent": [
        lambda: updated(a_delivery(), state="sent"),
        lambda: updated(a_delivery(), sent_at=NOW),
    ],
    "one_publication_a_decision": [lambda: copied(a_delivery(), public_id="DLV-OTHER")],
    "one_webhook_an_endpoint_and_event": [
        lambda: copied(a_webhook_delivery(), public_id="DLV-OTHER")
    ],
    "import_done_when_finished": [
        lambda: updated(an_import_row().batch, state="done"),
        lambda: updated(an_import_row().batch, finished_at=NOW),
    ],
    "one_import_row_a_number": [
        lambda: copied(an_import_row(), reserved_id="SUB-OTHER")
    ],
    "import_row_submission_only_when_taken": [
        lambda: updated(an_import_row(), submission=a_submission()),
        lambda: updated(an_import_row(), state="refused", submission=a_submission()),
    ],
    "one_value_a_band": [
        lambda: copied(
            NearDuplicateBand.objects.create(
                submission=a_submission(), merchant=a_merchant(), band=1, value=2
            )
        )
    ],
    "case_curated_at_when_curated": [
        lambda: updated(a_case(), state="accepted"),
        lambda: updated(a_case(), curated_at=NOW),
    ],
    "spot_check_case_has_probability": [
        lambda: updated(a_case(), provenance="spot_check"),
        lambda: updated(a_case(), provenance="spot_check", sampling_probability=0),
        lambda: updated(a_case(), provenance="spot_check", sampling_probability=1.1),
    ],
    "one_dataset_a_version": [lambda: copied(a_dataset())],
    "dataset_frozen_at_when_frozen": [
        lambda: updated(a_dataset(), state="frozen"),
        lambda: updated(a_dataset(), sha256="abc"),
        lambda: updated(a_dataset(), frozen_at=NOW),
    ],
    "one_place_a_case_and_dataset": [
        lambda: copied(
            apps.get_model("moderation", "EvalDatasetCase").objects.create(
                dataset=a_dataset(), case=a_case(), position=1, expected={}, sha256="a"
            )
        )
    ],
    "eval_run_lease_whole": [lambda: updated(a_run(), lease_token=uuid4())],
    "eval_run_finished_at_when_over": [
        lambda: updated(a_run(), state="completed"),
        lambda: updated(a_run(), finished_at=NOW),
    ],
    "one_result_a_case_and_run": [
        lambda: copied(
            apps.get_model("moderation", "EvalResult").objects.create(
                run=a_run(),
                case=apps.get_model("moderation", "EvalDatasetCase").objects.create(
                    dataset=EvalDataset.objects.get(),
                    case=a_case(),
                    position=1,
                    expected={},
                    sha256="a",
                ),
                route="review",
            )
        )
    ],
    "certificate_void_with_reason": [
        lambda: updated(a_certificate(), voided_at=NOW),
        lambda: updated(a_certificate(), void_reason="drift"),
    ],
    "certificate_levels_are_probabilities": [
        lambda: updated(a_certificate(), alpha=0),
        lambda: updated(a_certificate(), delta=1),
    ],
    "rollout_percent_in_range": [lambda: updated(a_rollout(), percent=101)],
    "rollout_halted_at_when_halted": [
        lambda: updated(a_rollout(), state="halted"),
        lambda: updated(a_rollout(), state="closed"),
    ],
    "one_rollout_under_way": [
        lambda: copied(a_rollout(), public_id="ROL-OTHER", state="ramping")
    ],
    "threshold_is_a_probability": [
        lambda: updated(a_version(), threshold=1.1),
        lambda: updated(a_version(), threshold=-0.1),
    ],
    "one_clause_a_code": [
        lambda: copied(PolicyClause.objects.filter(policy=a_version().policy)[0])
    ],
    "audit_event_sealed_whole": [
        lambda: made(AuditEvent, actor="a", action="x", sequence=1),
        lambda: made(AuditEvent, actor="a", action="x", sha256="abc"),
    ],
    "api_key_merchant_by_role": [
        lambda: a_key(role="merchant"),
        lambda: a_key(role="admin", merchant=a_merchant()),
    ],
    "one_answer_an_idempotency_key": [
        lambda: copied(
            apps.get_model("moderation", "IdempotencyKey").objects.create(
                merchant=a_merchant(),
                key="k",
                request_sha256="a",
                status=202,
                answer={},
            )
        )
    ],
}
CASES = [
    pytest.param(name, attempt, id=f"{name}-{number}")
    for name, attempts in HALF_FACTS.items()
    for number, attempt in enumerate(attempts)
]


def test_every_constraint_of_the_model_is_in_the_table() -> None:
    declared = {
        constraint.name
        for model in apps.get_app_config("moderation").get_models()
        for constraint in model._meta.constraints
    }
    assert declared == set(HALF_FACTS)


@pytest.mark.parametrize(("name", "attempt"), CASES)
def test_the_database_refuses_a_half_fact(
    name: str, attempt: Callable[[], Callable[[], object]]
) -> None:
    store = attempt()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        store()
    said = str(refused.value)
    # SQLite names the columns of a unique constraint, not the constraint.
    assert name in said or "UNIQUE" in said


def test_an_undone_decision_makes_room_for_another() -> None:
    decision = decided()
    Decision.objects.filter(pk=decision.pk).update(undone_at=NOW)
    copied(decision, public_id="DEC-OTHER")()
    assert Decision.objects.effective().count() == 1


def test_a_superseded_decision_makes_room_for_another() -> None:
    decision = decided()
    Decision.objects.filter(pk=decision.pk).update(superseded_at=NOW)
    copied(decision, public_id="DEC-OTHER")()
    assert Decision.objects.effective().count() == 1


def test_a_resolved_task_makes_room_for_another_of_its_kind() -> None:
    task = a_task()
    ReviewTask.objects.filter(pk=task.pk).update(state="resolved", resolved_at=NOW)
    copied(task, public_id="TSK-OTHER")()
    assert ReviewTask.objects.count() == 2


def test_rows_say_who_they_are() -> None:
    rows: list[models.Model] = [
        *Submission.objects.filter(pk=a_task().submission_id),
        *Listing.objects.all(),
        *Assessment.objects.all(),
        *ReviewTask.objects.all(),
        *PipelineVersion.objects.all(),
    ]
    assert all(str(row) for row in rows)
