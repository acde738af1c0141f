"""The merchant's calls: send listings, follow them, take them back."""

from typing import Annotated, Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Path, Router, Status

from moderation.access.keys import READ_LISTINGS, WRITE_LISTINGS
from moderation.api import find, show
from moderation.api.application import parameters_of, takes
from moderation.api.auth import ApiRequest, BearerKey, merchant_of
from moderation.api.body import read_json
from moderation.api.check import (
    IDEMPOTENCY_HEADER,
    idempotency_key,
    read_model,
    read_query,
)
from moderation.api.paging import cursor_of, read_cursor
from moderation.api.problems import ApiError
from moderation.api.schemas import (
    ListingIn,
    ListingOut,
    ListingPage,
    ListingQuery,
    PrecheckOut,
    Receipt,
)
from moderation.api.webhook_schemas import AppealIn, AppealOut
from moderation.content import sha256_of
from moderation.intake.store import withdraw
from moderation.intake.submit import submit
from moderation.models import ImportRow
from moderation.precheck import precheck
from moderation.review.appeals import open_appeal
from moderation.states import Source, SubmissionState

router = Router(tags=["Listings"])
_reads, _writes = BearerKey(READ_LISTINGS), BearerKey(WRITE_LISTINGS)

REPLAYED_HEADER = "Idempotency-Replayed"
ListingId = Annotated[
    str,
    Path(..., description="Id of a submission (SUB-...), or of a listing (LST-...)."),
]
_IDEMPOTENCY = {
    "in": "header",
    "name": IDEMPOTENCY_HEADER,
    "required": False,
    "description": "1 to 255 printable characters of your choice. The same key with "
    "the same body gets the first answer again, with another body 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


@router.post(
    "/listings",
    auth=_writes,
    response={202: Receipt},
    summary="Send a listing",
    openapi_extra=takes(ListingIn, parameters=[_IDEMPOTENCY]),
)
def send_listing(request: ApiRequest, response: HttpResponse) -> Any:
    """Take one listing in and answer with a receipt before any work starts.

    Unchanged content of the newest version is answered with that submission.
    """
    merchant = merchant_of(request.auth)
    key = idempotency_key(request)
    data = read_json(request)
    submitted = submit(
        merchant=merchant,
        data=data,
        source=Source.API,
        by=request.auth.actor,
        request_id=request.request_id,
        idempotency=(key, sha256_of({"POST /listings": data})) if key else None,
    )
    if submitted.replayed:
        response[REPLAYED_HEADER] = "true"
    return Status(202, dict(submitted.receipt))


@router.post(
    "/listings/precheck",
    auth=_writes,
    response=PrecheckOut,
    summary="Ask before sending",
    openapi_extra=takes(ListingIn),
)
def precheck_listing(request: ApiRequest) -> Any:
    """Judge a listing by the same pipeline as if it were sent, and store nothing."""
    merchant = merchant_of(request.auth)
    return precheck(
        merchant=merchant, data=read_json(request), request_id=request.request_id
    )


@router.get(
    "/listings",
    auth=_reads,
    response=ListingPage,
    exclude_unset=True,
    summary="List submissions",
    openapi_extra={"parameters": parameters_of(ListingQuery)},
)
def list_listings(request: ApiRequest) -> Any:
    """List the submissions the key may see, the newest first, page by page."""
    query = read_query(request, ListingQuery)
    now = timezone.now()
    rows = find.visible_submissions(request.auth)
    if query.status:
        rows = find.with_status(rows, query.status, now)
    if query.external_id:
        rows = rows.filter(listing__external_id=query.external_id)
    if query.cursor:
        rows = rows.filter(pk__lt=read_cursor(query.cursor))
    page = list(rows.order_by("-pk")[: query.limit + 1])
    is_last = len(page) <= query.limit
    page = page[: query.limit]
    return {
        "items": show.listings(page, request.auth, now),
        "next_cursor": None if is_last else cursor_of(page[-1].pk),
    }


@router.get(
    "/listings/{listing_id}",
    auth=_reads,
    response=ListingOut,
    exclude_unset=True,
    summary="Follow a listing",
)
def get_listing(request: ApiRequest, listing_id: ListingId) -> Any:
    """Show where a submission stands, what we changed and what was decided."""
    found = find.submission_or_row_of(request.auth, listing_id)
    if isinstance(found, ImportRow):
        return show.waiting(found)
    return show.listings([found], request.auth, timezone.now())[0]


@router.post(
    "/listings/{listing_id}/withdraw",
    auth=_writes,
    response={200: ListingOut, 409: None},
    exclude_unset=True,
    summary="Take a listing back",
)
def withdraw_listing(request: ApiRequest, listing_id: ListingId) -> Any:
    """Take a pending submission back. Once more is no error."""
    submission = find.submission_of(request.auth, listing_id)
    withdraw(
        submission=submission, by=request.auth.actor, request_id=request.request_id
    )
    submission.refresh_from_db()
    if submission.state != SubmissionState.WITHDRAWN:
        raise ApiError("too-late", "This version is decided. Send a new one instead.")
    return show.listings([submission], request.auth, timezone.now())[0]


@router.post(
    "/listings/{listing_id}/appeal",
    auth=_writes,
    response={201: AppealOut, 409: None},
    summary="Appeal a refusal",
    openapi_extra=takes(AppealIn),
)
def appeal_listing(request: ApiRequest, listing_id: ListingId) -> Any:
    """Ask that another person looks at a refusal again; once for each version."""
    submission = find.submission_of(request.auth, listing_id)
    asked = read_model(request, AppealIn)
    appeal = open_appeal(
        submission=submission,
        text=asked.text,
        quote=asked.quote or "",
        by=request.auth.actor,
        request_id=request.request_id,
    )
    return Status(201, show.appeal(appeal, submission))
