"""The merchant's bulk call: many listings at once, each with an answer of its own."""

from typing import Any

from ninja import Router, Status

from moderation.access.keys import WRITE_LISTINGS
from moderation.api.auth import ApiRequest, BearerKey, merchant_of
from moderation.api.body import (
    BULK_LIMIT,
    JSON_TYPES,
    LINES_TYPES,
    Parsed,
    check_media_type,
    decode,
    parse_rows,
    read_bytes,
)
from moderation.api.problems import ApiError, FieldError, invalid, pointer_of
from moderation.api.schemas import BulkReceipt, ListingIn
from moderation.intake.bulk import RawRow, RowOutcome, start_import
from moderation.states import Source

router = Router(tags=["Listings"])

MAX_ROWS = 10_000
_ITEM = {"$ref": f"#/components/schemas/{ListingIn.__name__}"}
_ROWS = {"type": "array", "items": _ITEM, "minItems": 1, "maxItems": MAX_ROWS}
_LINES = {"type": "string", "description": "One listing a line, as JSON."}
_BODY = {
    "required": True,
    "content": {
        JSON_TYPES[0]: {"schema": _ROWS},
        LINES_TYPES[0]: {"schema": _LINES},
    },
}


@router.post(
    "/listings/bulk",
    auth=BearerKey(WRITE_LISTINGS),
    response={202: BulkReceipt},
    exclude_unset=True,
    summary="Send many listings",
    openapi_extra={"requestBody": _BODY},
)
def send_listings(request: ApiRequest) -> Any:
    """Keep every good row and name what is wrong with each bad one.

    The rows become submissions as the queue has room, after everything that was
    sent one by one. The call counts once against the rate limit.
    """
    merchant = merchant_of(request.auth)
    media_type = check_media_type(request, (*JSON_TYPES, *LINES_TYPES))
    rows = parse_rows(decode(read_bytes(request, BULK_LIMIT)), media_type)
    if not rows:
        raise invalid([FieldError("", "", "too_short", "Send at least one listing.")])
    if len(rows) > MAX_ROWS:
        message = f"Send at most {MAX_ROWS:,} rows at once; there are {len(rows):,}."
        raise ApiError("too-large", message)
    started = start_import(
        merchant=merchant,
        rows=(_raw(number, row) for number, row in enumerate(rows, 1)),
        source=Source.BULK,
        by=request.auth.actor,
        unknown="refuse",
        request_id=request.request_id,
    )
    return Status(
        202,
        {
            "import_id": started.batch.public_id,
            "accepted": started.accepted,
            "refused": started.refused,
            "rows": [_told(row) for row in started.rows],
        },
    )


def _raw(number: int, row: Parsed) -> RawRow:
    data = row.value if isinstance(row.value, dict) else None
    problems = [error.as_dict() for error in row.errors]
    if data is None and not problems:
        problem = FieldError("", "listing", "wrong_type", "Send a JSON object.")
        problems = [problem.as_dict()]
    return RawRow(number, data, tuple(problems))


def _told(row: RowOutcome) -> dict[str, Any]:
    if not row.errors:
        return {"row": row.row, "id": row.id}
    return {
        "row": row.row,
        "errors": [
            {"pointer": pointer_of(error["field"]), **error} for error in row.errors
        ],
    }
