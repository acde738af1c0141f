"""The merchant's pages: what needs them, their listings, one listing's story."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from moderation.content import Content
from moderation.delivery.statement import appeal_until
from moderation.intake.store import withdraw
from moderation.models import Appeal, Decision, Listing, Submission
from moderation.review.appeals import appeal_of, why_not
from moderation.states import AppealState, Outcome
from moderation.web import import_read, merchant_read, standing, statement
from moderation.web.access import actor_of, listing_for, merchant_of, merchant_only
from moderation.web.http import PageRequest, go, page

NEEDS_SHOWN, RECENT_SHOWN, IMPORTS_SHOWN = 6, 6, 3
# Seconds until the status is asked again, by how often it was asked already.
POLLS_S = (2, 2, 2, 5, 5, 5, 5, 15)


def home(request: PageRequest) -> HttpResponse:
    """Show what needs the merchant, then what happened lately."""
    merchant = merchant_of(request)
    counts = merchant_read.counts(merchant)
    needs, _ = merchant_read.rows(merchant, tab="needs", size=NEEDS_SHOWN)
    recent, _ = merchant_read.rows(merchant, size=RECENT_SHOWN)
    context = {
        "counts": counts,
        "total": sum(counts.values()),
        "needs": needs,
        "recent": recent,
        "imports": [
            import_read.progress_of(batch, timezone.now())
            for batch in merchant_read.imports_of(merchant, IMPORTS_SHOWN)
        ],
    }
    return page(request, "merchant/home.html", context, here="home")


@require_safe
@merchant_only
def listings(request: PageRequest) -> HttpResponse:
    """Show one tab of the merchant's listings, or what a search found in all."""
    merchant = merchant_of(request)
    words = request.GET.get("q", "").strip()[:200]
    counts = merchant_read.counts(merchant)
    tab = request.GET.get("tab", "")
    if tab not in counts:
        first = next((t for t in ("needs", "checking", "live") if counts[t]), "live")
        tab = "" if words else first
    rows, cursor = merchant_read.rows(
        merchant, tab=tab, words=words, after=request.GET.get("after", "")
    )
    context = {
        "tabs": [(name, label, counts[name]) for name, label in merchant_read.TABS],
        "tab": tab,
        "words": words,
        "rows": rows,
        "cursor": cursor,
        "is_first": not request.GET.get("after"),
        "has_any": any(counts.values()),
        "needs": counts["needs"],
    }
    return page(request, "merchant/listings.html", context, here="listings")


@require_safe
@merchant_only
def listing(request: PageRequest, public_id: str) -> HttpResponse:
    """Show where a listing stands, why, what was tidied, and what to mend."""
    found = listing_for(request, public_id)
    return page(
        request, "merchant/listing.html", listing_context(found), here="listings"
    )


def listing_context(found: Listing) -> dict[str, object]:
    """Return what the page of one listing shows."""
    now = timezone.now()
    live = found.live_decision
    versions = list(
        merchant_read.with_decision(found.submissions.all(), now).order_by("-version")
    )
    newest = versions[0]
    row = merchant_read.row_of(newest, now)
    said = statement.of(newest, row.decision) if row.decision else None
    return {
        "listing": found,
        "submission": newest,
        "row": row,
        "steps": standing.steps_of(newest, row.decision, row.state),
        "statement": said,
        "tidied": _tidied(newest, row.decision),
        "versions": [merchant_read.row_of(version, now) for version in versions],
        "poll_s": POLLS_S[0],
        "polls": 1,
        "appeal": _as_told(appeal_of(newest), now),
        "can_appeal": not why_not(newest, now),
        "appeal_until": appeal_until(row.decision) if row.decision else None,
        "live_version": live.submission.version if live else None,
        "taken_down": _taken_down(row.decision),
        "fallen": _fallen(versions[1:], now) if live is None else None,
        "can_withdraw": row.state == "checking" and newest.raw is not None,
        **statement.mending(newest, row.state, said.grounds if said else ()),
    }


def _fallen(
    older: Sequence[Submission], now: datetime
) -> tuple[Submission, statement.Statement] | None:
    """Return the older version that was taken down, and why, while a newer waits."""
    for version in older:
        decision = merchant_read.row_of(version, now).decision
        if decision is not None and _taken_down(decision):
            return version, statement.of(version, decision)
    return None


def _as_told(appeal: Appeal | None, now: datetime) -> Appeal | None:
    """Return an appeal as its merchant may see it: open until its outcome holds."""
    outcome = appeal.outcome_decision if appeal else None
    if appeal is not None and outcome is not None and outcome.effective_at > now:
        appeal.state = AppealState.OPEN
    return appeal


def _taken_down(decision: Decision | None) -> bool:
    """Tell whether a refusal replaced an approval, that is, took a listing down."""
    if decision is None or decision.outcome == Outcome.APPROVED:
        return False
    old = decision.override_of
    return old is not None and old.outcome == Outcome.APPROVED


def _tidied(
    submission: Submission, decision: Decision | None
) -> list[tuple[str, str, str]]:
    """Return field, before and after of everything that reads differently now."""
    after = (decision.published if decision else None) or submission.tidied
    if not submission.raw or not after:
        return []
    old, new = Content.from_dict(submission.raw), Content.from_dict(after)
    return statement.differences(old, new)


@require_safe
@merchant_only
def status(request: PageRequest, public_id: str) -> HttpResponse:
    """Answer the poll of a listing's page; the final answer reloads it once."""
    context = listing_context(listing_for(request, public_id))
    row = context["row"]
    assert isinstance(row, merchant_read.Row)
    number = request.GET.get("n", "")
    asked = min(int(number), 1_000) if number.isdecimal() and len(number) < 9 else 1
    if row.state != "checking" and request.htmx:
        return go(request, "listing", public_id)
    context |= {"polls": asked + 1, "poll_s": POLLS_S[min(asked, len(POLLS_S) - 1)]}
    return page(request, "merchant/_progress.html", context, here="listings")


@require_POST
@merchant_only
def take_back(request: PageRequest, public_id: str) -> HttpResponse:
    """Withdraw the version that waits; one that is decided stays decided."""
    found = listing_for(request, public_id)
    newest = get_object_or_404(found.submissions.order_by("-version")[:1])
    taken = withdraw(
        submission=newest, by=actor_of(request), request_id=request.request_id
    )
    if taken:
        messages.success(request, "Taken back. Nobody reads it now.", extra_tags="ok")
    else:
        messages.info(request, "It was decided already, so it stays as it is.")
    return go(request, "listing", public_id)
