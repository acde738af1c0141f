"""Holds bodies, queries and headers against their schemas and names what differs.

Decides the code and the words of each difference. Knows no endpoint.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.http import HttpRequest
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from moderation.api.body import has_body, read_json
from moderation.api.problems import ApiError, FieldError, escaped, invalid

Model = TypeVar("Model", bound=BaseModel)

IDEMPOTENCY_HEADER = "Idempotency-Key"
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")

# Pydantic's kind of error to our code and words; {name} is taken from its context.
_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("required", "Send this field."),
    "extra_forbidden": ("unknown_field", "There is no such field here. Leave it out."),
    "string_type": ("wrong_type", "Send a text."),
    "bool_type": ("wrong_type", "Send true or false."),
    "int_type": ("wrong_type", "Send a whole number."),
    "int_parsing": ("wrong_type", "Send a whole number."),
    "int_parsing_size": ("out_of_range", "Send a smaller number."),
    "int_from_float": ("wrong_type", "Send a whole number."),
    "list_type": ("wrong_type", "Send a list."),
    "dict_type": ("wrong_type", "Send an object."),
    "model_type": ("wrong_type", "Send an object."),
    "model_attributes_type": ("wrong_type", "Send an object."),
    "enum": ("not_a_choice", "Send one of {expected}."),
    "literal_error": ("not_a_choice", "Send one of {expected}."),
    "string_too_long": ("too_long", "Send at most {max_length} characters."),
    "string_too_short": ("too_short", "Send at least {min_length} character."),
    "string_pattern_mismatch": ("malformed", "This is not of the right form."),
    "too_long": ("too_long", "Send at most {max_length} items."),
    "too_short": ("too_short", "Send at least {min_length} item."),
    "greater_than_equal": ("out_of_range", "Send {ge} or more."),
    "less_than_equal": ("out_of_range", "Send {le} or less."),
    "uuid_type": ("malformed", "Send the token as it was given."),
    "uuid_parsing": ("malformed", "Send the token as it was given."),
}


def read_model(request: HttpRequest, model: type[Model]) -> Model:
    """Return the body as a model; no body at all counts as an empty object.

    Raises:
        ApiError: what read_json raises, or invalid naming every bad field.
    """
    data = read_json(request) if has_body(request) else {}
    # Null equals absent, so that a client may send every field it knows.
    if isinstance(data, dict):
        data = {name: value for name, value in data.items() if value is not None}
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(_errors(error.errors(include_url=False), "")) from None


def read_query(request: HttpRequest, model: type[Model]) -> Model:
    """Return the query parameters as a model.

    Raises:
        ApiError: invalid, naming every bad, unknown or repeated parameter.
    """
    repeated = [
        FieldError(f"#query/{escaped(name)}", name, "repeated", "Send this once.")
        for name, values in request.GET.lists()
        if len(values) > 1
    ]
    if repeated:
        raise invalid(repeated)
    given = {name: value for name, value in request.GET.items() if value}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise invalid(_errors(error.errors(include_url=False), "#query")) from None


def idempotency_key(request: HttpRequest) -> str | None:
    """Return the caller's key for a repeatable request, None without one.

    Raises:
        ApiError: invalid, for a key that is not 1 to 255 printable characters.
    """
    given = request.headers.get(IDEMPOTENCY_HEADER)
    if given is None:
        return None
    if not _IDEMPOTENCY_KEY.fullmatch(given):
        raise ApiError(
            "invalid",
            errors=[
                FieldError(
                    f"#header/{IDEMPOTENCY_HEADER}",
                    IDEMPOTENCY_HEADER,
                    "malformed",
                    "Send 1 to 255 printable ASCII characters, such as a UUID.",
                )
            ],
        )
    return given


def _errors(found: Sequence[ErrorDetails], root: str) -> list[FieldError]:
    return [_error(item, root) for item in found]


def _error(item: ErrorDetails, root: str) -> FieldError:
    path = [str(step) for step in item["loc"]]
    code, words = _WORDS.get(item["type"], ("invalid", item["msg"]))
    context: Mapping[str, Any] = item.get("ctx", {})
    pointer = root + "".join(f"/{escaped(step)}" for step in path)
    return FieldError(pointer, ".".join(path), code, words.format_map(_Known(context)))


class _Known(dict[str, Any]):
    """A context whose missing names read as nothing."""

    def __missing__(self, key: str) -> str:
        return ""
