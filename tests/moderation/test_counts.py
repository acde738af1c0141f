"""What rows tell is counted from the rows: the same everywhere, and never twice."""

import datetime as dt

import pytest
from django.utils import timezone

from moderation.counts import Counts
from moderation.models import Assessment, ModelCall, Submission
from moderation.states import FailureKind, Source
from tests.builders import a_submission, always, work

pytestmark = pytest.mark.django_db(transaction=True)
LATER = dt.timedelta(minutes=1)


def told(counts: Counts) -> dict[str, float]:
    """Return every sample as of a minute from now, name and labels to value."""
    return {
        sample.name + "|" + ",".join(map(str, sample.labels.values())): sample.value
        for family in counts.collect(timezone.now() + LATER)
        for sample in family.samples
    }


def test_an_empty_record_tells_nothing() -> None:
    assert told(Counts()) == {}


def test_what_came_in_is_told_by_door() -> None:
    a_submission(external_id="a")
    a_submission(external_id="b", source=Source.FORM)
    found = told(Counts())
    assert found["reviewhub_submissions_received_total|api"] == 1
    assert found["reviewhub_submissions_received_total|form"] == 1


def test_new_rows_are_added_once_and_a_fresh_process_tells_the_same() -> None:
    counts = Counts()
    for name in ("a", "b", "c"):
        a_submission(external_id=name)
        found = told(counts)
    assert found["reviewhub_submissions_received_total|api"] == 3
    assert told(counts) == told(Counts()) == found


def test_a_row_that_has_not_settled_waits_for_the_next_scrape() -> None:
    counts = Counts()
    a_submission(external_id="a")
    assert not [s for f in counts.collect(timezone.now()) for s in f.samples]
    assert told(counts)["reviewhub_submissions_received_total|api"] == 1


def test_a_verdict_is_told_with_its_calls_their_money_and_their_latency() -> None:
    a_submission()
    work()
    assessment = Assessment.objects.get()
    ModelCall.objects.all().delete()
    ModelCall.objects.create(
        assessment=assessment,
        number=1,
        provider="acme",
        model_asked="m-1",
        started_at=timezone.now(),
        latency_ms=120,
        cost_microusd=7,
        input_tokens=11,
    )
    found = told(Counts())
    outcome, provider = assessment.route, "acme"
    assert found[f"reviewhub_assessed_total|serving,{outcome}"] == 1
    assert found[f"reviewhub_model_calls_total|{provider},ok"] == 1
    assert found[f"reviewhub_model_cost_microusd_total|{provider}"] == 7
    assert found[f"reviewhub_model_tokens_total|input,{provider}"] == 11
    latency = "reviewhub_model_call_seconds"
    assert found[f"{latency}_bucket|{provider},0.1"] == 0
    assert found[f"{latency}_bucket|{provider},0.25"] == 1
    assert found[f"{latency}_bucket|{provider},+Inf"] == 1
    assert found[f"{latency}_sum|{provider}"] == pytest.approx(0.12)


def test_a_failure_is_told_by_its_kind() -> None:
    a_submission()
    work(always(FailureKind.TIMEOUT))
    found = told(Counts())
    assert found["reviewhub_failures_total|model_timeout"] == 1
    assert found["reviewhub_assessed_total|serving,failure"] == 1


def test_the_machines_decision_is_told_as_the_machines() -> None:
    a_submission()
    work()
    decided = Submission.objects.get().decisions.count()
    found = told(Counts())
    assert found.get("reviewhub_decisions_total|approved,machine", 0) == decided
