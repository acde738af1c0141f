"""The figures on the overview, from a model whose error is known by construction."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from moderation.evals.spot_checks import WINDOW, Figures, figures
from moderation.models import Decision, ReviewTask, Submission
from moderation.review.decide import decide, undo
from moderation.review.queue import claim_next
from moderation.states import Outcome
from tests.builders import a_moderator, imported, submissions, work

pytestmark = pytest.mark.django_db(transaction=True)
PROMISE = 0.02


def now_figures(promise: float = PROMISE) -> Figures:
    return figures(timezone.now(), promise)


def answer_all(is_wrong: Callable[[Submission], bool], limit: int = 10_000) -> int:
    """Answer what waits as a careful person does who knows the truth."""
    by, answered = a_moderator(), 0
    while answered < limit and (task := claim_next(by=by, queue="spot-checks")):
        assert task.lease_token
        wrong = is_wrong(task.submission)
        decide(
            task=task,
            by=by,
            lease_token=task.lease_token,
            outcome=Outcome.REJECTED if wrong else Outcome.APPROVED,
            clauses=["P-101"] if wrong else (),
        )
        answered += 1
    return answered


def every(number: int) -> Callable[[Submission], bool]:
    """Return a truth in which every so-manieth listing should not be live."""
    return lambda submission: submission.pk % number == 0


def test_no_check_yet_says_nothing() -> None:
    found = now_figures()
    assert (found.verdict, found.needed, found.drawn) == ("none", 149, 0)
    assert (found.rate.estimate, found.rate.lower, found.rate.upper) == (None, 0, 1)
    assert found.steps == ()


@pytest.mark.slow
def test_the_interval_covers_the_error_that_the_model_was_built_with(
    settings: LazySettings,
) -> None:
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 0.5
    assert imported(400) == 400
    assert work() == 400
    truth = every(20)
    live = list(Submission.objects.filter(decisions__decided_by="machine"))
    assert len(live) == 400
    true_rate = sum(map(truth, live)) / len(live)
    drawn = ReviewTask.objects.filter(kind="spot_check").count()
    # Four standard deviations around half.
    assert 160 <= drawn <= 240
    assert answer_all(truth) == drawn
    found = now_figures()
    assert (found.went_live, found.drawn, found.answered) == (400, drawn, drawn)
    assert found.rate.lower <= true_rate <= found.rate.upper
    last = found.steps[-1]
    assert last.n == drawn
    assert last.lower <= true_rate <= last.upper
    assert last.rate == found.rate.estimate == found.wrong / drawn
    # The sequence pays for being read on any day.
    assert last.upper > found.rate.upper


def test_what_waits_is_all_wrong_at_worst(settings: LazySettings) -> None:
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 1.0
    submissions(12)
    work()
    answer_all(every(10_000), limit=8)
    found = now_figures()
    assert (found.drawn, found.answered, found.waiting) == (12, 8, 4)
    assert (found.rate.estimate, found.worst.estimate) == (0.0, 4 / 12)
    assert found.worst.upper > found.rate.upper
    assert found.verdict == "early"


def test_a_new_share_begins_a_stratum_with_its_own_weight(
    settings: LazySettings,
) -> None:
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 1.0
    submissions(10)
    work()
    # Of the second lot two are looked at: each stands for ten.
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 0.999_999
    submissions(20, title="Another mug")
    work()
    later = Decision.objects.filter(sampling_probability=0.999_999)
    drop = ReviewTask.objects.filter(about__in=later).order_by("id")[2:]
    ReviewTask.objects.filter(pk__in=[task.pk for task in drop]).delete()
    wrong = set(later.values_list("submission_id", flat=True))
    answer_all(lambda submission: submission.pk in wrong)
    found = now_figures()
    n_late = later.count()
    total = Decision.objects.filter(sampling_probability__isnull=False).count()
    assert found.shares == (1.0, 0.999_999)
    # Unweighted it would be 2 of 12.
    assert found.rate.estimate == pytest.approx(n_late / total)
    assert found.steps[-1].n == 2


def test_what_went_live_while_nothing_was_drawn_is_told_apart(
    settings: LazySettings,
) -> None:
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 0.0
    submissions(3)
    work()
    found = now_figures()
    assert (found.went_live, found.undrawable, found.verdict) == (0, 3, "none")


def test_older_decisions_leave_the_window(settings: LazySettings) -> None:
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 1.0
    submissions(2)
    work()
    answer_all(every(10_000))
    old = timezone.now() - WINDOW - timedelta(hours=1)
    first = Decision.objects.order_by("id")[0]
    Decision.objects.filter(pk=first.pk).update(decided_at=old)
    assert (now_figures().went_live, now_figures().answered) == (1, 1)


def test_an_answer_given_after_the_models_was_seen_is_told(
    settings: LazySettings,
) -> None:
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 1.0
    submissions(1)
    work()
    answer_all(every(10_000))
    undo(decision=Decision.objects.get(), by=a_moderator())
    assert now_figures().answered == 0
    answer_all(every(1))
    found = now_figures()
    assert (found.answered, found.wrong, found.seen_before) == (1, 1, 1)


@pytest.mark.parametrize(
    ("wrong", "n", "verdict"),
    [(0, 100, "early"), (0, 400, "kept"), (6, 400, "open"), (30, 400, "broken")],
)
def test_the_verdict_follows_from_the_interval(
    monkeypatch: pytest.MonkeyPatch, wrong: int, n: int, verdict: str
) -> None:
    name = "moderation.evals.spot_checks"
    module = __import__(name, fromlist=["x"])
    checks = [module._Check(0.5, place < wrong, True) for place in range(n)]
    monkeypatch.setattr(f"{name}._checks", lambda since: checks)
    assert now_figures().verdict == verdict
