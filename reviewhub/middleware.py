"""The outermost layer: every request has an id, and no raw error gets out.

Decides the id, the line that is logged of a request, and what a person or a
program reads when something below fails. Knows nothing of listings.
"""

import re
import secrets
import time
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from moderation.telemetry import metrics
from moderation.telemetry.logs import get_logger
from reviewhub import errors

log = get_logger(__name__)

HEADER = "X-Request-ID"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Asked every few seconds by machines: a line each would bury the others.
_UNLOGGED = ("/health/", "/metrics", "/static/")

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def request_id_of(request: HttpRequest) -> str:
    """Return the caller's id when it is sane, else a new one of 26 characters."""
    given = request.headers.get(HEADER, "")
    if _SANE_ID.fullmatch(given):
        return given
    return f"req_{secrets.token_hex(11)}"


class RequestMiddleware:
    """Gives the request its id, answers what is malformed, and catches the rest."""

    def __init__(self, get_response: GetResponse) -> None:
        """Wrap the rest of the project."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the id in the header, whatever happens below."""
        request.request_id = request_id_of(request)  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=errors.request_id(request))
        started = time.monotonic()
        response = self._answer(request)
        response[HEADER] = errors.request_id(request)
        self._log(request, response, elapsed=time.monotonic() - started)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer 503 when the database is away, so that the caller tries again."""
        if isinstance(exception, OperationalError | InterfaceError):
            metrics.DATABASE_UNAVAILABLE.inc()
            log.error("database_unavailable", error=str(exception)[:500])
            return errors.unavailable(request)
        return None

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if not _is_well_formed(request):
            return errors.bad_request(request)
        try:
            return self.get_response(request)
        except (OperationalError, InterfaceError) as error:
            # A layer above the view failed, such as the session.
            return self.process_exception(request, error) or errors.failed(request)
        except Exception:
            log.exception("request_failed")
            return errors.failed(request)

    def _log(
        self, request: HttpRequest, response: HttpResponseBase, *, elapsed: float
    ) -> None:
        if request.path.startswith(_UNLOGGED):
            return
        match = request.resolver_match
        log.info(
            "request",
            method=request.method,
            route=match.route if match else None,
            status=response.status_code,
            elapsed_ms=round(elapsed * 1000, 1),
        )


def _is_well_formed(request: HttpRequest) -> bool:
    """Refuse what no address of ours holds and no database stores.

    NUL would make PostgreSQL fail deep inside; an undecodable path or query is
    replaced by Django and would silently mean something else.
    """
    query = request.META.get("QUERY_STRING", "")
    if "\x00" in request.path or "%00" in query or "\x00" in query:
        return False
    if "\ufffd" in request.path:
        return False
    return all(
        "\ufffd" not in value for _, values in request.GET.lists() for value in values
    )
