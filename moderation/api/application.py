"""The API's frame: what is the same for every call, whatever it does.

Decides how exceptions become problem documents, which headers every answer has,
and what the OpenAPI document says beside the schemas. Knows no endpoint.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Literal

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, re_path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from moderation.api.problems import KINDS, MEDIA_TYPE, ApiError, problem_response
from moderation.api.refusals import REFUSALS, as_api_error
from moderation.api.schemas import ProblemOut
from moderation.telemetry import metrics
from moderation.telemetry.logs import get_logger

log = get_logger(__name__)

UNAVAILABLE_RETRY_S = 5
_REF = "#/components/schemas/{model}"
_VALIDATION: Literal["validation"] = "validation"
View = Callable[..., HttpResponseBase]

# Further problems that any call may answer with; 404 where there is an id and
# 413 and 415 where there is a body are added by the document.
_ALWAYS = (401, 403, 422, 429, 500, 503)
_WITH_BODY = (400, 411, 413, 415)


class ReviewhubAPI(NinjaAPI):
    """Ninja with one shape of error, for every path below the root."""

    def __init__(
        self,
        *,
        bodies: Sequence[type[BaseModel]],
        pages: Sequence[URLPattern],
        **options: Any,
    ) -> None:
        """Register what each exception answers.

        bodies: the models that `takes` names; pages: further addresses below the
        root; options: ninja's own.
        """
        super().__init__(**options)
        self._pages = pages
        self._models: tuple[type[BaseModel], ...] = (ProblemOut, *bodies)
        self.add_exception_handler(ApiError, _problem)
        self.add_exception_handler(ValidationError, _bad_path)
        self.add_exception_handler(HttpError, _http_error)
        self.add_exception_handler(Http404, not_found)
        self.add_exception_handler(OperationalError, _unavailable)
        self.add_exception_handler(InterfaceError, _unavailable)
        self.add_exception_handler(Exception, _failed)
        for kind in REFUSALS:
            self.add_exception_handler(kind, _refused)

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        """Return the URLs, each view framed, and one for every other address."""
        patterns, app_name, namespace = super().urls
        patterns = [*patterns, *self._pages, re_path("", not_found)]
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = framed(pattern.callback)
        return patterns, app_name, namespace

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the view's name: client generators make it a method's name."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **options: Any) -> Any:
        """Return ninja's document with the bodies and the problems added."""
        document = super().get_openapi_schema(**options)
        _, definitions = models_json_schema(
            [(model, _VALIDATION) for model in self._models], ref_template=_REF
        )
        document["components"]["schemas"].update(definitions["$defs"])
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _add_problems(operation, has_id="{" in path)
        return document


def takes(model: type[BaseModel], **more: Any) -> dict[str, Any]:
    """Return the OpenAPI words for a body that a view reads by itself.

    more: further members of the operation, such as its parameters.
    """
    reference = {"$ref": _REF.format(model=model.__name__)}
    body = {
        "content": {"application/json": {"schema": reference}},
        "required": any(field.is_required() for field in model.model_fields.values()),
    }
    return {"requestBody": body, **more}


def parameters_of(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the OpenAPI words for query parameters that a view reads by itself."""
    properties = model.model_json_schema()["properties"]
    return [
        {
            "in": "query",
            "name": name,
            "required": False,
            "description": schema.pop("description", ""),
            "schema": schema,
        }
        for name, schema in properties.items()
    ]


def framed(view: View) -> View:
    """Return a view that never raises and always answers as the API does.

    csrf_exempt holds because no call is let in by a cookie.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_head = request.method == "HEAD"
        if is_head:
            # Answered as GET; the server leaves the body out.
            request.method = "GET"
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            response = not_found(request)
        if is_head:
            request.method = "HEAD"
        return _with_headers(request, _as_problem(request, response))

    answer.csrf_exempt = True  # type: ignore[attr-defined]  # what Django looks for
    return answer


def not_found(request: HttpRequest, _error: object = None) -> HttpResponse:
    """Answer for an address that does not exist."""
    return problem_response(request, ApiError("not-found"))


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return ninja's own answer to a wrong method as a problem document."""
    if response.status_code != 405:
        return response
    methods = set(response.get("Allow", "").replace(",", " ").split())
    allow = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    return problem_response(
        request,
        ApiError(
            "method-not-allowed",
            f"This address takes {allow}." if allow else "",
            headers={"Allow": allow} if allow else {},
        ),
    )


def _with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    allowance = getattr(request, "allowance", None)
    if allowance is not None:
        # The three fields of draft-ietf-httpapi-ratelimit-headers-06.
        response["RateLimit-Limit"] = str(allowance.limit)
        response["RateLimit-Remaining"] = str(allowance.remaining)
        response["RateLimit-Reset"] = str(allowance.reset_s)
    response.setdefault("Cache-Control", "no-store")
    return response


def _bad_path(request: HttpRequest, _error: object) -> HttpResponse:
    # Views read bodies, queries and headers by themselves: ninja checks ids alone.
    return not_found(request)


def _http_error(
    request: HttpRequest, error: HttpError | type[HttpError]
) -> HttpResponse:
    status = getattr(error, "status_code", 400)
    slugs = [slug for slug, kind in KINDS.items() if kind.status == status]
    return problem_response(request, ApiError([*slugs, "malformed-request"][0]))


def _problem(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(request, error)


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(request, as_api_error(error))


def _unavailable(request: HttpRequest, error: Any) -> HttpResponse:
    metrics.DATABASE_UNAVAILABLE.inc()
    log.error("database_unavailable", error=str(error)[:500])
    headers = {"Retry-After": str(UNAVAILABLE_RETRY_S)}
    return problem_response(request, ApiError("unavailable", headers=headers))


def _failed(request: HttpRequest, error: Any) -> HttpResponse:
    log.error("request_failed", exc_info=error)
    return problem_response(request, ApiError("failed"))


def _add_problems(operation: dict[str, Any], *, has_id: bool) -> None:
    statuses = [*_ALWAYS]
    if has_id:
        statuses.append(404)
    if "requestBody" in operation:
        statuses.extend(_WITH_BODY)
    # An operation names its own problems, such as 409, by a bare status.
    own = [int(status) for status in operation["responses"] if int(status) >= 400]
    for status in sorted({*statuses, *own}):
        operation["responses"][status] = _problem_answer(status)


def _problem_answer(status: int) -> dict[str, Any]:
    kinds = [kind for kind in KINDS.values() if kind.status == status]
    headers: Mapping[str, Any] = {}
    if status in (429, 503):
        words = "Seconds to wait before the next try."
        headers = {"Retry-After": {"description": words, "schema": {"type": "integer"}}}
    answer = {
        "description": ". ".join(kind.title for kind in kinds),
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=ProblemOut.__name__)}}
        },
    }
    return {**answer, "headers": headers} if headers else answer
