"""What is known around a listing: its merchant, rejections like it, usual prices."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from moderation.models import NearDuplicateBand, Submission
from moderation.retrieval.surroundings import (
    MIN_PRICES,
    Surroundings,
    forget_rejection,
    remember_rejection,
    surroundings_of,
    usual_prices,
)
from moderation.states import Standing
from tests.builders import a_merchant, a_submission, an_assessment

pytestmark = pytest.mark.django_db
WORDS = (
    "A hand-thrown stoneware mug with a wide handle that holds three cups of tea and "
    "keeps it warm for longer than any porcelain one would on a cold morning."
)
KEY = ("Home > Kitchen > Mugs", "EUR")


def around(row: Submission) -> Surroundings:
    """Return the surroundings of one submission."""
    return surroundings_of(
        [Submission.objects.select_related("merchant").get(pk=row.pk)]
    )[row.pk]


def near(row: Submission) -> str:
    """Return the rejected submission that one is much like."""
    return around(row).near_rejection


def test_a_near_copy_of_a_rejection_is_noticed_whoever_sends_it() -> None:
    bad = a_submission(description=WORDS)
    remember_rejection(bad)
    again = a_submission(external_id="b", description=WORDS + " Last ones!")
    other = a_submission(a_merchant("rival"), description=WORDS)
    assert near(again) == near(other) == bad.public_id
    assert near(bad) == ""


def test_what_is_only_a_little_alike_is_not() -> None:
    remember_rejection(a_submission(description=WORDS))
    lamp = a_submission(
        external_id="b",
        title="Brass desk lamp with its shade",
        description="From the sixties, rewired last year; takes an ordinary bulb.",
    )
    assert near(lamp) == ""


def test_a_rejection_that_no_longer_stands_is_forgotten() -> None:
    bad = a_submission(description=WORDS)
    remember_rejection(bad)
    remember_rejection(bad)
    forget_rejection(bad)
    assert not NearDuplicateBand.objects.exists()
    assert near(a_submission(external_id="b", description=WORDS)) == ""


@pytest.mark.parametrize(
    ("standing", "known"),
    [
        (Standing.ESTABLISHED, (0, True, False)),
        (Standing.NEW, (1, False, False)),
        (Standing.RESTRICTED, (1, False, True)),
    ],
)
def test_a_merchants_standing_and_decisions_are_known(
    standing: Standing, known: tuple[int, bool, bool]
) -> None:
    merchant = a_merchant("fresh", standing=standing)
    an_assessment(a_submission(merchant))
    found = around(a_submission(merchant, external_id="b"))
    given = ("merchant_decisions", "is_established", "is_restricted")
    assert tuple(getattr(found, name) for name in given) == known


def priced(number: int, **changes: str) -> None:
    """Have so many listings approved at 1, 2, 3 ... euros."""
    for n in range(1, number + 1):
        row = a_submission(external_id=f"P-{n}", price=f"{n}.00", **changes)
        Submission.objects.filter(pk=row.pk).update(state="decided")
        an = Submission.objects.get(pk=row.pk)
        an.decisions.create(
            outcome="approved",
            decided_by="machine",
            published={},
            decided_at=an.received_at,
            effective_at=an.received_at,
        )


def test_too_few_prices_say_nothing() -> None:
    priced(MIN_PRICES - 1)
    assert usual_prices([KEY]) == {}


def test_the_usual_price_is_the_middle_nine_tenths() -> None:
    priced(40)
    assert usual_prices([KEY]) == {KEY: (Decimal("3"), Decimal("38"))}


def test_prices_of_another_currency_or_category_do_not_mix() -> None:
    priced(MIN_PRICES)
    assert usual_prices([(KEY[0], "USD"), ("Home > Lamps", "EUR")]) == {}
    assert usual_prices([("", "")]) == {}


def test_undone_approvals_do_not_count() -> None:
    priced(MIN_PRICES)
    first = Submission.objects.order_by("id")[0]
    first.decisions.update(undone_at=first.received_at)
    assert usual_prices([KEY]) == {}


def test_the_number_of_queries_does_not_grow_with_the_batch() -> None:
    rows = [a_submission(external_id=f"Q-{n}") for n in range(30)]
    loaded = list(Submission.objects.select_related("merchant").order_by("id"))
    assert len(loaded) == len(rows)
    counts = []
    for size in (1, 30):
        with CaptureQueriesContext(connection) as asked:
            surroundings_of(loaded[:size])
        counts.append(len(asked))
    assert counts[0] == counts[1]
