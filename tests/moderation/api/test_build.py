"""Every call against every role and method: a call that is not listed here fails."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern
from django.utils import timezone

from moderation.access.keys import SCOPES
from moderation.api import api
from moderation.api.auth import BearerKey
from moderation.api.problems import KINDS, TYPE_PATH
from moderation.delivery.endpoints import send_test
from moderation.models import ApiKey, Delivery, Merchant, ReviewTask
from tests.builders import SELLER, an_endpoint
from tests.moderation.api.conftest import Caller, caller_of, problem_of

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ROLES = ("anonymous", "seller", "rival", "moderator", "admin")
ANY = "anybody, without a key"

# Call, method: what each of ROLES is answered, with an empty object as its body.
# The task's listing is the seller's; a good body would make each 422 a 2xx or 409.
TABLE: dict[tuple[str, str], Any] = {
    ("listings", "POST"): (401, 422, 422, 403, 403),
    ("listings/precheck", "POST"): (401, 422, 422, 403, 403),
    ("listings", "GET"): (401, 200, 200, 200, 200),
    ("listings/bulk", "POST"): (401, 202, 202, 403, 403),
    ("listings/<listing_id>", "GET"): (401, 200, 404, 200, 200),
    ("listings/<listing_id>/withdraw", "POST"): (401, 200, 404, 403, 403),
    ("listings/<listing_id>/appeal", "POST"): (401, 422, 404, 403, 403),
    ("webhooks", "GET"): (401, 200, 200, 403, 403),
    ("webhooks", "POST"): (401, 422, 422, 403, 403),
    ("webhooks/<webhook_id>", "GET"): (401, 200, 404, 403, 403),
    ("webhooks/<webhook_id>", "DELETE"): (401, 204, 404, 403, 403),
    ("webhooks/<webhook_id>/test", "POST"): (401, 202, 404, 403, 403),
    ("webhooks/<webhook_id>/roll", "POST"): (401, 200, 404, 403, 403),
    ("webhooks/<webhook_id>/enable", "POST"): (401, 200, 404, 403, 403),
    ("webhooks/<webhook_id>/disable", "POST"): (401, 200, 404, 403, 403),
    ("webhooks/<webhook_id>/deliveries", "GET"): (401, 200, 404, 403, 403),
    ("deliveries/<delivery_id>/resend", "POST"): (401, 202, 404, 403, 403),
    ("review/claim", "POST"): (401, 403, 403, 200, 200),
    ("review/tasks/<task_id>", "GET"): (401, 403, 403, 200, 200),
    ("review/tasks/<task_id>/heartbeat", "POST"): (401, 403, 403, 422, 422),
    ("review/tasks/<task_id>/release", "POST"): (401, 403, 403, 422, 422),
    ("review/tasks/<task_id>/skip", "POST"): (401, 403, 403, 422, 422),
    ("review/tasks/<task_id>/escalate", "POST"): (401, 403, 403, 422, 422),
    ("review/tasks/<task_id>/decision", "POST"): (401, 403, 403, 422, 422),
    ("review/decisions/<decision_id>/undo", "POST"): (401, 403, 403, 404, 404),
    ("mode", "GET"): (401, 403, 403, 403, 200),
    ("mode", "PUT"): (401, 403, 403, 403, 422),
    ("evals/datasets", "GET"): (401, 403, 403, 403, 200),
    ("evals/runs", "GET"): (401, 403, 403, 403, 200),
    ("evals/runs", "POST"): (401, 403, 403, 403, 422),
    ("evals/runs/<run_id>", "GET"): (401, 403, 403, 403, 404),
    ("rollouts", "GET"): (401, 403, 403, 403, 200),
    ("rollouts/<rollout_id>", "GET"): (401, 403, 403, 403, 404),
    ("rollouts/<rollout_id>/advance", "POST"): (401, 403, 403, 403, 404),
    ("rollouts/<rollout_id>/hold", "POST"): (401, 403, 403, 403, 404),
    ("rollouts/<rollout_id>/stop", "POST"): (401, 403, 403, 403, 404),
    ("openapi.json", "GET"): ANY,
    ("docs", "GET"): ANY,
    ("docs/problems/", "GET"): ANY,
    ("docs/problems/<slug:slug>", "GET"): ANY,
}
# Answer 404 whatever is asked: the root, and every address that does not exist.
NOWHERE = {"", "api-root"}


def routes() -> Iterator[str]:
    """Return the addresses that the API has."""
    for pattern in api.urls[0]:
        assert isinstance(pattern, URLPattern)
        if str(pattern.pattern) not in NOWHERE:
            yield str(pattern.pattern)


def a_delivery(merchant: Merchant) -> Delivery:
    """Return a message to an endpoint of a merchant that was given up."""
    found = Delivery.objects.filter(
        channel="webhook", state="dead", endpoint__deleted_at__isnull=True
    ).first()
    if found is None:
        found = send_test(endpoint=an_endpoint(merchant), by=SELLER)
        Delivery.objects.filter(pk=found.pk).update(state="dead", attempts=1)
        found.refresh_from_db()
    return found


def address(route: str, task: ReviewTask) -> str:
    """Return a route with the ids of a task's rows."""
    ids = {
        "<listing_id>": task.submission.public_id,
        "<task_id>": task.public_id,
        "<decision_id>": "DEC-000000000000",
        "<run_id>": "RUN-000000000000",
        "<rollout_id>": "ROL-000000000000",
        "<slug:slug>": "busy",
    }
    if "<webhook_id>" in route or "<delivery_id>" in route:
        delivery = a_delivery(task.merchant)
        assert delivery.endpoint
        ids["<webhook_id>"] = delivery.endpoint.public_id
        ids["<delivery_id>"] = delivery.public_id
    for name, value in ids.items():
        route = route.replace(name, value)
    return f"/{route}"


def test_the_table_lists_every_call_and_no_other() -> None:
    assert set(routes()) == {route for route, _ in TABLE}


@pytest.mark.parametrize(("route", "method"), TABLE)
def test_each_role_gets_what_the_table_says(
    route: str, method: str, task: ReviewTask, request: pytest.FixtureRequest
) -> None:
    expected = TABLE[route, method]
    if expected is ANY:
        caller = request.getfixturevalue("anonymous")
        caller.key = ""
        assert caller.get(address(route, task)).status_code == 200
        return
    got = []
    path = address(route, task)
    for role in ROLES:
        caller: Caller = request.getfixturevalue(role)
        response = caller.call(method, path, body={})
        got.append(response.status_code)
        if response.status_code >= 400:
            problem_of(response, response.status_code)
    # The last claim finds the task taken.
    if route == "review/claim":
        assert got[-1] == 204
        got[-1] = 200
    assert tuple(got) == expected


@pytest.mark.parametrize("route", sorted({route for route, _ in TABLE}))
def test_every_other_method_is_405_and_names_the_right_ones(
    route: str, task: ReviewTask, admin: Caller
) -> None:
    allowed = {method for found, method in TABLE if found == route}
    if "GET" in allowed:
        allowed |= {"HEAD"}
    for method in METHODS:
        response = admin.call(method, address(route, task))
        if method in allowed:
            assert response.status_code != 405
        else:
            assert response.status_code == 405
            # The answer to HEAD has no body.
            assert method == "HEAD" or problem_of(response, 405)
            assert set(response["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/listings/", "/listings/a/b/c", "/review", "/docs/x"]
)
def test_what_does_not_exist_is_404_for_any_method(
    admin: Caller, method: str, path: str
) -> None:
    response = admin.call(method, path)
    if method == "HEAD":
        assert response.status_code == 404
    else:
        problem_of(response, 404)


def test_a_revoked_key_is_401_at_every_call(task: ReviewTask) -> None:
    from_the_past = caller_of("admin", name="old")
    ApiKey.objects.filter(name="old").update(revoked_at=timezone.now())
    for (route, method), expected in TABLE.items():
        if expected is not ANY:
            response = from_the_past.call(method, address(route, task), body={})
            problem_of(response, 401)


# --- The document -------------------------------------------------------------------


def test_the_document_lists_every_call_with_words_for_every_field(
    anonymous: Caller,
) -> None:
    document = json.loads(anonymous.get("/openapi.json").content)
    calls = {
        (path.removeprefix("/api/v1/").replace("{", "<").replace("}", ">"), method)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert calls == {(r, m.lower()) for (r, m), who in TABLE.items() if who is not ANY}
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        for field, details in schema.get("properties", {}).items():
            assert details.get("description"), f"{name}.{field} has no description"
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            for parameter in operation["parameters"]:
                assert parameter["description"], (path, parameter["name"])


def test_the_document_points_at_nothing_that_is_not_there(anonymous: Caller) -> None:
    text = anonymous.get("/openapi.json").content.decode()
    document = json.loads(text)
    names = set(document["components"]["schemas"])
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used == names & used
    assert "DecisionIn" in used


def test_the_published_table_says_what_the_keys_can_do(repository: Path) -> None:
    text = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    published = {
        (path, method): (scope, [bool(cell.strip()) for cell in cells.split("|")])
        for method, path, scope, cells in re.findall(
            r"^\| `(\w+) (/[^`]*)` \| `([\w:]+)` \|(.+)\|$", text, re.MULTILINE
        )
    }
    actual = {}
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                (auth,) = operation.auth_callbacks
                assert isinstance(auth, BearerKey)
                roles = [auth.scope in SCOPES[role] for role in SCOPES]
                for method in operation.methods:
                    actual[path, method] = (auth.scope, roles)
    assert published == actual


def test_every_problem_of_the_document_has_a_media_type_and_a_page(
    anonymous: Caller,
) -> None:
    document = json.loads(anonymous.get("/openapi.json").content)
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"]
            assert {"401", "403", "422", "429", "503"} <= set(operation["responses"])
    for slug in KINDS:
        path = f"{TYPE_PATH}{slug}".removeprefix("/api/v1")
        response = anonymous.get(path)
        assert response.status_code == 200
        assert KINDS[slug].title.encode() in response.content
        assert path.encode() in anonymous.get("/docs/problems/").content


def test_the_documentation_page_loads_nothing_from_elsewhere(
    anonymous: Caller,
) -> None:
    page = anonymous.get("/docs").content.decode()
    assert "/api/v1/openapi.json" in page
    assert "https://" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=") + 1
    assert '<script id="swagger-settings" type="application/json">' in page
