"""What a merchant's pages show of their listings, in few queries.

Every query begins at one merchant. Reads only.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils import timezone

from moderation.models import Decision, Import, Merchant, Submission
from moderation.models.listings import PENDING
from moderation.states import Outcome, SubmissionState
from moderation.web import standing

PAGE_SIZE = 40
TABS = (
    ("needs", "Needs you"),
    ("checking", "Being checked"),
    ("live", "Live"),
    ("closed", "Closed"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One listing in a list: its newest version and where that stands."""

    submission: Submission
    decision: Decision | None
    state: str
    happened: str

    @property
    def title(self) -> str:
        """Return the title as it reads now."""
        content = (self.decision and self.decision.published) or self.submission.tidied
        return str((content or {}).get("title") or "Untitled listing")

    @property
    def price(self) -> str:
        """Return price and currency as they read now."""
        content = (self.decision and self.decision.published) or self.submission.tidied
        content = content or {}
        return f"{content.get('price', '')} {content.get('currency', '')}".strip()


def newest(merchant: Merchant, now: datetime) -> QuerySet[Submission]:
    """Return each listing's newest version, with its effective outcome if any."""
    newer = Submission.objects.filter(
        listing=OuterRef("listing"), version__gt=OuterRef("version")
    )
    decided = Decision.objects.in_force(now).filter(submission=OuterRef("pk"))
    return Submission.objects.filter(~Exists(newer), merchant=merchant).annotate(
        outcome=Subquery(decided.values("outcome")[:1])
    )


def _of(tab: str) -> Q:
    withdrawn = Q(state=SubmissionState.WITHDRAWN)
    return {
        "needs": Q(outcome=Outcome.CHANGES_NEEDED) & ~withdrawn,
        "checking": Q(outcome__isnull=True) & ~withdrawn,
        "live": Q(outcome=Outcome.APPROVED) & ~withdrawn,
        "closed": Q(outcome=Outcome.REJECTED) | withdrawn,
    }[tab]


def counts(merchant: Merchant) -> dict[str, int]:
    """Return how many listings each tab holds."""
    found = newest(merchant, timezone.now()).aggregate(
        **{tab: Count("pk", filter=_of(tab)) for tab, _ in TABS}
    )
    return {tab: int(found[tab]) for tab, _ in TABS}


def rows(
    merchant: Merchant,
    *,
    tab: str = "",
    words: str = "",
    after: str = "",
    size: int = PAGE_SIZE,
) -> tuple[list[Row], str]:
    """Return a page of listings, newest first, and the cursor of the next page.

    Args:
        merchant: whose listings.
        tab: one of TABS, or "" for all.
        words: part of the reference or of the title, or "".
        after: the cursor: public id of the last submission already shown.
        size: rows a page.
    """
    now = timezone.now()
    found = newest(merchant, now)
    if tab:
        found = found.filter(_of(tab))
    if words:
        found = found.filter(
            Q(listing__external_id__icontains=words) | Q(title__icontains=words)
        )
    if after:
        last = Submission.objects.filter(merchant=merchant, public_id=after).first()
        found = found.filter(pk__lt=last.pk if last else 0)
    page = list(with_decision(found, now).order_by("-pk")[: size + 1])
    cursor = page[size - 1].public_id if len(page) > size else ""
    return [row_of(submission, now) for submission in page[:size]], cursor


def with_decision(found: QuerySet[Submission], now: datetime) -> QuerySet[Submission]:
    """Return the submissions with their listing and the decision in force read."""
    effective = Decision.objects.in_force(now)
    return found.select_related("listing").prefetch_related(
        Prefetch("decisions", queryset=effective, to_attr="effective_decisions")
    )


def row_of(submission: Submission, now: datetime) -> Row:
    """Return the row of a submission read through `with_decision`."""
    decisions: list[Decision] = getattr(submission, "effective_decisions", [])
    decision = decisions[0] if decisions else None
    state = standing.state_of(submission, decision, now)
    words = standing.happened(submission, decision, state)
    return Row(submission, decision, state, words)


def pending_of(merchant: Merchant) -> int:
    """Return how many of a merchant's submissions wait for an answer."""
    return Submission.objects.filter(merchant=merchant, state__in=PENDING).count()


def imports_of(merchant: Merchant, size: int) -> list[Import]:
    """Return the newest imports."""
    return list(Import.objects.filter(merchant=merchant).order_by("-id")[:size])
