"""What is known around a batch of submissions: few queries, whatever its size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count

from moderation.models import Decision, NearDuplicateBand, Submission
from moderation.standardise.fingerprint import bands_of
from moderation.states import Outcome, Standing, SubmissionState

# Under this many listings of a category and currency there is no usual price.
MIN_PRICES = 30
MAX_PRICES = 400
# Bands in common, of those computed, from which two texts count as much alike.
MIN_SHARED_BANDS = 4


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What guardrails need to know beyond the listing itself."""

    merchant_decisions: int
    is_established: bool
    is_restricted: bool
    near_rejection: str
    usual_price: tuple[Decimal, Decimal] | None


def surroundings_of(submissions: Sequence[Submission]) -> dict[int, Surroundings]:
    """Return the surroundings of each submission, by primary key.

    The merchants must be loaded with the submissions (select_related).
    """
    counts = decisions_by_merchant({s.merchant_id for s in submissions})
    rejections = near_rejections(submissions)
    prices = usual_prices({(s.category, s.currency) for s in submissions})
    found: dict[int, Surroundings] = {}
    for submission in submissions:
        found[submission.pk] = Surroundings(
            merchant_decisions=counts.get(submission.merchant_id, 0),
            is_established=submission.merchant.standing == Standing.ESTABLISHED,
            is_restricted=submission.merchant.standing == Standing.RESTRICTED,
            near_rejection=rejections.get(submission.pk, ""),
            usual_price=prices.get((submission.category, submission.currency)),
        )
    return found


def decisions_by_merchant(merchant_ids: Iterable[int]) -> dict[int, int]:
    """Return how many effective decisions each new merchant has.

    Established merchants are not counted: nothing depends on their number.
    """
    counted = (
        Decision.objects.effective()
        .filter(submission__merchant_id__in=merchant_ids)
        .exclude(submission__merchant__standing=Standing.ESTABLISHED)
        .values("submission__merchant_id")
        .annotate(n=Count("id"))
    )
    return {row["submission__merchant_id"]: row["n"] for row in counted}


def near_rejections(submissions: Sequence[Submission]) -> dict[int, str]:
    """Return, by primary key, a rejected submission that each is much like.

    Bands are stored for rejected submissions of every merchant: a refused
    text does not become acceptable in other hands. An earlier version of the
    same listing counts like any other: a person sees whether it was mended.
    """
    wanted: dict[int, set[tuple[int, int]]] = {
        submission.pk: set(enumerate(bands_of(_text(submission))))
        for submission in submissions
    }
    values = {value for bands in wanted.values() for _, value in bands}
    if not values:
        return {}
    stored = NearDuplicateBand.objects.filter(value__in=values).values_list(
        "band", "value", "submission_id", "submission__public_id"
    )
    sharers: dict[tuple[int, int], list[tuple[int, str]]] = {}
    for band, value, pk, public_id in stored:
        sharers.setdefault((band, value), []).append((pk, public_id))
    found: dict[int, str] = {}
    for pk, bands in wanted.items():
        shared: dict[tuple[int, str], int] = {}
        for place in bands:
            for other in sharers.get(place, ()):
                shared[other] = shared.get(other, 0) + 1
        near = [
            (count, other)
            for other, count in shared.items()
            if count >= MIN_SHARED_BANDS and other[0] != pk
        ]
        if near:
            found[pk] = max(near)[1][1]
    return found


def usual_prices(
    keys: Iterable[tuple[str, str]],
) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Return the 5th and 95th percentile of approved prices by (category, currency).

    Absent where there are fewer than MIN_PRICES. No exchange rates: a price is
    compared within its own currency only.
    """
    wanted = {key for key in keys if all(key)}
    approved = Submission.objects.filter(
        state=SubmissionState.DECIDED,
        category__in={category for category, _ in wanted},
        decisions__outcome=Outcome.APPROVED,
        decisions__undone_at__isnull=True,
        decisions__superseded_at__isnull=True,
    )
    counted = (
        approved.values_list("category", "currency")
        .annotate(n=Count("id"))
        .filter(n__gte=MIN_PRICES)
    )
    found: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for category, currency, _ in counted:
        if (category, currency) in wanted:
            newest = approved.filter(category=category, currency=currency).order_by(
                "-id"
            )
            values = newest.values_list("price", flat=True)[:MAX_PRICES]
            prices = sorted(price for price in values if price is not None)
            found[category, currency] = (
                prices[len(prices) // 20],
                prices[-1 - len(prices) // 20],
            )
    return found


def remember_rejection(submission: Submission) -> None:
    """Store the bands of a rejected submission, so that its likes are noticed."""
    NearDuplicateBand.objects.bulk_create(
        (
            NearDuplicateBand(
                submission=submission,
                merchant_id=submission.merchant_id,
                band=band,
                value=value,
            )
            for band, value in enumerate(bands_of(_text(submission)))
        ),
        ignore_conflicts=True,
    )


def forget_rejection(submission: Submission) -> None:
    """Remove the bands of a submission whose rejection no longer stands."""
    submission.bands.all().delete()


def _text(submission: Submission) -> str:
    tidied = submission.tidied or {}
    return f"{tidied.get('title', '')} {tidied.get('description', '')}"
