"""What a person or a program reads when a request cannot be answered.

A page for people and a problem document (RFC 9457) for programs, both with the
request id and what to do next. Touches neither the database nor the session: it
must work when those are what failed.
"""

import json
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html

from moderation.telemetry.logs import get_logger

log = get_logger(__name__)

_RETRY_AFTER_S = 5

_REMEDIES = {
    400: "The request could not be read. Check its address, encoding and length.",
    403: "This account may not do that. Ask an admin if it should.",
    404: "There is nothing at this address, or it belongs to someone else.",
    405: "This address does not take that method.",
    413: "The request is too large. Send less at once.",
    500: "Something failed on our side and was recorded. Nothing was half-stored. "
    "Try again; if it happens twice, give support the request id.",
    503: "The service is busy or restarting. Nothing was half-stored. "
    "Try again in a few seconds.",
}
_CSRF = (
    "The form was open for too long or came from elsewhere. "
    "Go back, reload the page and send it again."
)


def request_id(request: HttpRequest) -> str:
    """Return the id that the middleware gave the request, "" before it ran."""
    return str(getattr(request, "request_id", ""))


def answer(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """Return the page or the problem document for a status; detail is the remedy."""
    title = HTTPStatus(status).phrase
    detail = detail or _REMEDIES[status]
    if _is_for_program(request):
        body = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": request_id(request),
            "request_id": request_id(request),
        }
        response = HttpResponse(
            json.dumps(body), content_type="application/problem+json"
        )
    else:
        context = {
            "status": status,
            "title": title,
            "detail": detail,
            "request_id": request_id(request),
        }
        response = HttpResponse(_page(context))
    response.status_code = status
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(_RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


def _page(context: dict[str, object]) -> str:
    try:
        return render_to_string("error.html", context)
    except Exception:
        # A file that the page names is missing: the words alone must do.
        log.exception("error_page_failed")
        return format_html(
            "<!doctype html><title>{title}</title><h1>{title}</h1><p>{detail}</p>"
            "<p>Request id: {request_id}</p>",
            **context,
        )


def _is_for_program(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/health/", "/metrics"))


def bad_request(
    request: HttpRequest, exception: Exception | None = None
) -> HttpResponse:
    """Answer a request that cannot be read (handler400)."""
    if type(exception).__name__ == "RequestDataTooBig":
        return answer(request, 413)
    return answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that this account may not make (handler403)."""
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer for an unknown address, with the same body whatever was asked for."""
    return answer(request, 404)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer when our own code raised (handler500)."""
    return answer(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer when something that we need is away."""
    return answer(request, 503)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is missing or old."""
    return answer(request, 403, _CSRF)
