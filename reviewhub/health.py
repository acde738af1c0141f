"""Is this process alive, may it get traffic, and what are its figures.

Live asks nothing of anybody. Ready asks the database, which everything needs.
The broker and the worker are told as details: without them listings are still
taken in, and wait.
"""

import hmac
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from redis import Redis, RedisError

from moderation import monitor
from reviewhub import figures as figures_of
from reviewhub.env import is_loopback


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as this process answers at all."""
    return JsonResponse({"status": "live"})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when requests can be served, 503 with the reason when not."""
    database = _database()
    checks: dict[str, Any] = {"database": database, "broker": _broker()}
    checks["worker"] = _worker() if database == "ok" else "unknown"
    is_ready = database == "ok"
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "checks": checks},
        status=200 if is_ready else 503,
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "unreachable"
    return "ok"


def _broker() -> str:
    if not settings.REDIS_URL:
        return "in process"
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5
        ) as redis:
            redis.ping()
    except RedisError:
        return "unreachable"
    return "ok"


def _worker() -> str:
    try:
        age = monitor.worker_age_seconds()
    except Error:
        return "unknown"
    if age is None:
        return "never seen"
    return "ok" if age <= monitor.WORKER_SEEN_WITHIN_S else f"last seen {age:.0f} s ago"


@never_cache
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus: to this machine itself, or to who knows the token."""
    if not _may_scrape(request):
        return HttpResponse("Send the metrics token as a bearer token.\n", status=403)
    return HttpResponse(figures_of.text(), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    token = settings.REVIEWHUB_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    # Behind a proxy on the same machine everyone seems to be here.
    is_forwarded = any(
        name in request.headers for name in ("X-Forwarded-For", "Forwarded", "Via")
    )
    return is_loopback(request.META.get("REMOTE_ADDR", "")) and not is_forwarded
