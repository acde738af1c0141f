"""Whatever is thrown at the API: never a 5xx, always a problem document, no row."""

import json
from typing import Any

import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.models import ApiKey, AuditEvent, ReviewTask
from tests.moderation.api.conftest import Caller, listing
from tests.moderation.api.test_build import ANY, ROLES, TABLE, address

pytestmark = pytest.mark.django_db

CALLS = [call for call, who in TABLE.items() if who is not ANY]
WRITES = [(route, method) for route, method in CALLS if method != "GET"]

ODD_TEXT = (
    *("", "'", '"', "\\", "%s%n", "{{7*7}}", "${x}", "' OR 1=1--", "<b>", "\u202e"),
    *("../../etc/passwd", "\ufeff", "e\u0301" * 50, "\U0001f600", "null", "\uffff"),
    *("0" * 500, "x" * 100_000),
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**70, 10**90, 1e308, -0.0, [], {}, [[]], [None], {"": ""}),
    *({"a": {"b": {"c": [1]}}}, [1] * 1000, {"k" * 300: "v"}),
    *ODD_TEXT,
)
ODD_BODIES = (
    *(b"", b" ", b"{", b"}", b"[", b"nul", b"NaN", b"-", b"1e", b"'a'", b"\x00"),
    *(b"\xff", b"\xfe\xff\x00{", b"{}{}", b"[1,]", b'{"a":1,}', b"// x\n{}"),
    *(b'{"a":1,"a":2}', b'{"a":Infinity}', b'{"a":"\\ud800"}', b'{"a":"\\u0000"}'),
    *(b"[" * 100_000, b'{"a":' * 50_000, b'{"a":' + b"9" * 50_000 + b"}"),
    *(b'"' + b"a" * 2_100_000 + b'"', b"\x1f\x8b\x08\x00rubbish"),
)
ODD_HEADERS: tuple[dict[str, str], ...] = (
    {"Content-Encoding": "gzip"},
    {"Content-Type": "application/json; charset=utf-7"},
    {"Content-Length": "99999999999999999999"},
    {"Content-Length": "-1"},
    {"Idempotency-Key": "x" * 10_000},
    {"X-Request-ID": "a b\tc"},
    {"X-Request-ID": "<script>"},
    {"Accept": "image/png"},
    {"Accept-Language": "x" * 5_000},
    {"Cookie": "reviewhub_session=\x00; ; =; a=b=c"},
    {"Authorization": "Bearer\tx"},
    {"X-HTTP-Method-Override": "DELETE"},
    {"If-None-Match": "*"},
    {"Range": "bytes=0-0"},
    {"HX-Request": "true"},
    {"Referer": "http://[::1"},
    {"Origin": "null"},
)
ODD_IDS = (
    *("x", "0", "-1", "%00", "%2e%2e", "SUB-", "SUB-%00%00%00%00", "sub-000000000000"),
    *("SUB-00000000000%0A", "TSK-000000000000", "%F0%9F%98%80", "%ff", "a" * 3000),
    *("' OR 1=1--", "LST-OOOOOOOOOOOO", "DEC-٠٠٠٠٠٠٠٠٠٠٠٠"),
)
ODD_QUERIES = (
    *("status", "status=", "status=%00", "status[]=a", "cursor=%ff", "limit=1e3"),
    *("limit=-1", "limit=٣", "a=" + "b" * 5_000, "&&&", "=", "%", "cursor=////"),
    *("cursor=djE6MQ==&status=approved", "external_id=%27", ";", "status=a;b"),
    *("limit=" + "9" * 5000, "cursor=" + "A" * 200, "cursor=djE6wrI"),
)


def check(response: Any) -> None:
    """Assert that an answer is a success or a well-formed problem."""
    assert response.status_code < 500, response.content[:1000]
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"
        found = json.loads(response.content)
        assert found["status"] == response.status_code
        assert found["request_id"]
        assert found["request_id"] == response["X-Request-ID"]
        assert {"type", "title", "detail", "instance"} <= set(found)


def rows() -> dict[str, int]:
    """Return how many rows each of our tables holds, notes of use aside."""
    return {
        model.__name__: model._default_manager.count()
        for model in apps.get_app_config("moderation").get_models()
        if model not in {AuditEvent, ApiKey}
    }


@pytest.fixture
def callers(seller: Caller, moderator: Caller, admin: Caller) -> list[Caller]:
    return [seller, moderator, admin]


@pytest.fixture
def caller(route: str, method: str, request: pytest.FixtureRequest) -> Caller:
    """A caller who may make the call: the others are turned away unread."""
    answers = dict(zip(ROLES, TABLE[route, method], strict=True))
    role = next(role for role in ROLES[1:] if answers[role] != 403)
    found: Caller = request.getfixturevalue(role)
    return found


@pytest.fixture(autouse=True)
def _without_limit(settings: Any) -> None:
    settings.REVIEWHUB_RATE_LIMIT_PER_MINUTE = 10_000_000


@pytest.mark.parametrize(("route", "method"), WRITES)
def test_odd_bodies_store_nothing(
    route: str, method: str, caller: Caller, task: ReviewTask
) -> None:
    path = address(route, task)
    if route in {"listings/<listing_id>/withdraw", "review/claim"}:
        path = path.replace(task.submission.public_id, "SUB-000000000000")
        ReviewTask.objects.update(state="cancelled")
    if route.endswith(("/test", "/resend")):  # take no body: what is sent is ignored
        path = route.replace("<webhook_id>", "WHE-000000000000")
        path = "/" + path.replace("<delivery_id>", "DLV-000000000000")
    before = rows()
    for body in ODD_BODIES:
        for content_type in ("application/json", "application/x-ndjson", "text/x"):
            check(caller.call(method, path, raw=body, content_type=content_type))
    after = rows()
    if route == "listings/bulk":  # keeps bad rows to hand them back
        before |= {name: after[name] for name in ("Import", "ImportRow")}
    assert after == before


@pytest.mark.parametrize(("route", "method"), CALLS)
def test_odd_headers_and_ids_and_queries_are_answered(
    route: str, method: str, caller: Caller, task: ReviewTask
) -> None:
    for headers in ODD_HEADERS:
        check(caller.call(method, address(route, task), {}, headers=headers))
    for query in ODD_QUERIES:
        check(caller.call(method, f"{address(route, task)}?{query}", {}))
    for odd in ODD_IDS if "<" in route else ():
        path = route.replace("<listing_id>", odd).replace("<task_id>", odd)
        path = path.replace("<decision_id>", odd).replace("<webhook_id>", odd)
        path = path.replace("<delivery_id>", odd)
        response = caller.call(method, f"/{path}", {})
        check(response)
        assert response.status_code in {400, 404}


@pytest.mark.parametrize("field", [*listing(), "attributes", "image_urls", "language"])
def test_odd_values_in_each_field_of_a_listing_are_taken_or_named(
    field: str, seller: Caller
) -> None:
    for number, value in enumerate(ODD_VALUES):
        body = listing(external_id=f"X-{number}") | {field: value}
        response = seller.post("/listings", body)
        check(response)
        assert response.status_code in {202, 422}, (value, response.content[:300])


@pytest.mark.parametrize("field", ["outcome", "clauses", "corrections", "statement"])
def test_odd_values_in_each_field_of_a_decision_are_taken_or_named(
    field: str, moderator: Caller, task: ReviewTask
) -> None:
    claim = json.loads(moderator.post("/review/claim").content)
    path = f"/review/tasks/{task.public_id}/decision"
    body = {"lease_token": claim["lease_token"], "outcome": "rejected"}
    odd_corrections = tuple({"brand": value} for value in ODD_VALUES)
    extra = odd_corrections if field == "corrections" else ()
    for value in (*ODD_VALUES, *extra):
        response = moderator.post(path, body | {field: value})
        check(response)
        assert response.status_code in {409, 422}, (value, response.content[:300])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = ("external_id", "title", "price", "currency", "category", "attributes", "queue")
KEYS += ("image_urls", "lease_token", "outcome", "clauses", "corrections", "mode")


@given(
    call=st.sampled_from(WRITES),
    who=st.integers(0, 2),
    body=st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), JSON) | JSON,
)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_json_at_any_call_is_answered(
    call: tuple[str, str],
    who: int,
    body: Any,
    callers: list[Caller],
    task: ReviewTask,
) -> None:
    route, method = call
    check(callers[who].call(method, address(route, task), body))
