"""The one writer of decisions: all of it in one transaction, or none."""

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from moderation import decisions
from moderation.access.actor import MACHINE
from moderation.decisions import Ruling, record_decision
from moderation.models import AuditEvent, Decision, Delivery, Submission
from moderation.models.clock import database_now
from moderation.states import Outcome
from tests.builders import a_moderator, a_submission, a_task, claimed

pytestmark = pytest.mark.django_db
LIVE = {"title": "Stoneware mug"}


def test_a_decision_its_log_and_what_it_owes_come_together() -> None:
    task, now = a_task(), database_now()
    decision = record_decision(
        submission=task.submission,
        ruling=Ruling(Outcome.APPROVED, published=LIVE),
        by=a_moderator(),
        at=now,
        effective_at=now,
        task=task,
    )
    assert decision
    assert (decision.decided_by, decision.task) == ("person", task)
    assert AuditEvent.objects.filter(action="decide").count() == 1
    assert Delivery.objects.get().due_at == now
    assert Submission.objects.get().state == "decided"


def test_nothing_is_kept_when_the_outbox_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def owe(made: list[Decision]) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(decisions, "owe_outcomes", owe)
    task, now = a_task(), database_now()
    with pytest.raises(RuntimeError), transaction.atomic():
        record_decision(
            submission=task.submission,
            ruling=Ruling(Outcome.APPROVED, published=LIVE),
            by=a_moderator(),
            at=now,
            effective_at=now,
        )
    assert Submission.objects.get().state == "in_review"
    assert not Decision.objects.exists()
    assert not AuditEvent.objects.filter(action="decide").exists()


def test_another_hold_decides_nothing() -> None:
    held, now = claimed(a_submission()), database_now()
    stale = Submission.objects.get(pk=held.pk)
    token = stale.lease_token
    Submission.objects.filter(pk=held.pk).update(lease_token="1" * 32)
    decision = record_decision(
        submission=stale,
        ruling=Ruling(Outcome.APPROVED, published=LIVE),
        by=MACHINE,
        at=now,
        effective_at=now,
        lease_token=token,
    )
    assert decision is None
    assert not Decision.objects.exists()


def test_the_machine_cannot_refuse_a_listing() -> None:
    held, now = claimed(a_submission()), database_now()
    with pytest.raises(IntegrityError), transaction.atomic():
        record_decision(
            submission=held,
            ruling=Ruling(Outcome.REJECTED),
            by=MACHINE,
            at=now,
            effective_at=now,
            lease_token=held.lease_token,
        )
    assert Submission.objects.get().state == "assessing"
