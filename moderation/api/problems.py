"""Every answer that is not a success, in one shape: RFC 9457 problem details.

Decides the kinds of problems there are, their status and their words. Each kind
has a page of its own under /api/v1/docs/problems/. Knows no listing and no verb.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from moderation.content import Problem

MEDIA_TYPE = "application/problem+json"
TYPE_PATH = "/api/v1/docs/problems/"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem.

    Attributes:
        status: the HTTP status it comes with.
        title: the same short words each time.
        meaning: what happened, for the page of this kind.
        remedy: what the caller does next.
    """

    status: int
    title: str
    meaning: str
    remedy: str


KINDS: Mapping[str, Kind] = {
    "malformed-request": Kind(
        400,
        "The request cannot be read",
        "The body is not what its Content-Type says: broken JSON, a key that occurs "
        "twice, a number that is not finite, text that is not UTF-8, or nesting "
        "beyond 20 levels. Nothing was stored.",
        "Send the body as the JSON library of your language writes it.",
    ),
    "unauthorized": Kind(
        401,
        "A live API key is needed",
        "The key is missing, misspelt, expired or revoked, or the person it acts "
        "as has left.",
        "Send 'Authorization: Bearer rh_live_...' with a key that is in force.",
    ),
    "forbidden": Kind(
        403,
        "This key may not do that",
        "The key is in force, but its role or its scopes do not cover this call.",
        "Use a key of the role that the call's documentation names.",
    ),
    "not-found": Kind(
        404,
        "There is nothing here",
        "No such address or id, or it belongs to someone else. Both read the same.",
        "Check the address and the id. Ids are case-sensitive.",
    ),
    "method-not-allowed": Kind(
        405,
        "This address does not take that method",
        "The address exists, but not with this method.",
        "Use one of the methods in the Allow header.",
    ),
    "lease-lost": Kind(
        409,
        "The hold on this task has ended",
        "The lease ran out and another person has the task, the merchant took the "
        "listing back, or the lease token is another's.",
        "Claim the task again. Nothing of this call was stored.",
    ),
    "already-decided": Kind(
        409,
        "This lease was used for a decision",
        "The same lease token has decided the task before. The answer names that "
        "decision; nothing was stored or sent twice.",
        "Take the named decision as the answer to the first call.",
    ),
    "too-late": Kind(
        409,
        "It can no longer be taken back",
        "The decision has taken effect or no longer stands, or the listing is "
        "decided or gone.",
        "Send a new version of the listing, or appeal.",
    ),
    "not-appealable": Kind(
        409,
        "There is nothing to appeal against",
        "The version is not refused, its time for an appeal is over, or it was "
        "appealed before.",
        "Send a corrected version; it is read afresh.",
    ),
    "stale-revision": Kind(
        409,
        "Somebody else moved it first",
        "The revision is not the newest: the rollout was moved since you read it. "
        "Nothing of this call was stored.",
        "Read the rollout again and decide anew.",
    ),
    "rollout-refused": Kind(
        409,
        "The rollout does not go there now",
        "It is held, it stands at its end, another rollout is under way, the gate has "
        "not passed, or the stage has too few assessments. The detail says which.",
        "Do what the detail says. An admin may override missing evidence with a note.",
    ),
    "length-required": Kind(
        411,
        "The length of the body must be given",
        "The body came in chunks without a Content-Length.",
        "Send a Content-Length header.",
    ),
    "too-large": Kind(
        413,
        "The request is too large",
        "A call may have 2 MB, a bulk call 20 MB and 10,000 rows.",
        "Send less at once.",
    ),
    "unsupported-media-type": Kind(
        415,
        "The body is of the wrong kind",
        "The Content-Type is not JSON in UTF-8, or the body is compressed.",
        "Send 'Content-Type: application/json', uncompressed. A bulk call also "
        "takes application/x-ndjson.",
    ),
    "invalid": Kind(
        422,
        "Some fields cannot be taken",
        "The request can be read, but at least one field is missing, unknown or "
        "not as it must be. Every such field is in errors[]. Nothing was stored.",
        "Mend each field as its message says and send the request again.",
    ),
    "idempotency-key-reused": Kind(
        422,
        "The Idempotency-Key belongs to another request",
        "The key was used before with another body.",
        "Use a new key for a new request, and the same body with the same key.",
    ),
    "rate-limited": Kind(
        429,
        "Too many requests",
        "This key has used up its requests of this minute.",
        "Wait for the seconds in Retry-After. RateLimit-Remaining tells ahead.",
    ),
    "failed": Kind(
        500,
        "Something failed on our side",
        "It was recorded under the request id. Nothing was half-stored.",
        "Try again. If it happens twice, give support the request id.",
    ),
    "busy": Kind(
        503,
        "More waits than can be handled",
        "As many listings wait for the machine as may. Nothing was stored.",
        "Try again after the seconds in Retry-After.",
    ),
    "intake-closed": Kind(
        503,
        "No listings are taken just now",
        "An admin has closed the intake. Nothing was stored.",
        "Try again after the seconds in Retry-After.",
    ),
    "unavailable": Kind(
        503,
        "The service is restarting",
        "Something that the service needs is away. Nothing was half-stored.",
        "Try again after the seconds in Retry-After.",
    ),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field of a request.

    Attributes:
        pointer: where, as a JSON pointer (RFC 6901) into the body; for a header
            or a query parameter its name after "#header/" or "#query/".
        field: the same place as a person would say it.
        code: a stable word, or the policy's code of a quality rule.
        message: what to change.
    """

    pointer: str
    field: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Return JSON-ready data."""
        return {
            "pointer": self.pointer,
            "field": self.field,
            "code": self.code,
            "message": self.message,
        }


class ApiError(Exception):
    """A call that ends in a problem document.

    Attributes:
        slug: the kind of problem, a key of KINDS.
        detail: what happened this time; empty takes the kind's remedy.
        errors: the fields to blame.
        headers: further headers of the answer.
        extra: further members of the document.
    """

    def __init__(
        self,
        slug: str,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or slug)
        self.slug = slug
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def problem_response(request: HttpRequest, error: ApiError) -> HttpResponse:
    """Return the problem document of an error, with the request's id."""
    kind = KINDS[error.slug]
    request_id = str(getattr(request, "request_id", ""))
    body: dict[str, Any] = {
        "type": f"{TYPE_PATH}{error.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": error.detail or kind.remedy,
        "instance": request_id,
        "request_id": request_id,
    }
    if error.errors:
        body["errors"] = [item.as_dict() for item in error.errors]
    body.update(error.extra)
    # ASCII only: a lone surrogate in a name that is quoted back must not break it.
    response = HttpResponse(
        json.dumps(body), content_type=MEDIA_TYPE, status=kind.status
    )
    for name, value in error.headers.items():
        response[name] = value
    return response


def invalid(errors: Iterable[FieldError], detail: str = "") -> ApiError:
    """Return the 422 that names fields."""
    found = tuple(errors)
    fields = ", ".join(dict.fromkeys(error.field for error in found if error.field))
    return ApiError("invalid", detail or f"Look at: {fields}."[:500], errors=found)


def of_problems(problems: Iterable[Problem]) -> tuple[FieldError, ...]:
    """Return the verbs' problems as errors with a pointer into the body."""
    return tuple(
        FieldError(
            pointer_of(problem.field), problem.field, problem.code, problem.message
        )
        for problem in problems
    )


_INDEX = re.compile(r"(image_urls|document_urls)[.\[](\d+)\]?")


def pointer_of(field: str) -> str:
    """Return the JSON pointer of a field as the verbs name it.

    They write "attributes.colour" and "image_urls[2]"; any other name, however
    odd, is one key of the body, as an unknown field's must be. "listing" is the
    body as a whole.
    """
    if field in {"", "listing"}:
        return ""
    if indexed := _INDEX.fullmatch(field):
        return f"/{indexed[1]}/{indexed[2]}"
    if field.startswith("corrections."):
        return f"/corrections{pointer_of(field.removeprefix('corrections.'))}"
    if field.startswith("attributes."):
        return f"/attributes/{escaped(field.removeprefix('attributes.'))}"
    return f"/{escaped(field)}"


def escaped(token: str) -> str:
    """Return one step of a JSON pointer (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1")
