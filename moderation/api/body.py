"""Reads a request's body strictly: what is doubtful is named, never guessed.

Decides whether bytes are JSON in UTF-8 of a bearable size without doubled keys,
odd numbers or characters that no store holds. Knows nothing of what they mean.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from moderation.api.problems import ApiError, FieldError, escaped

BODY_LIMIT = 2_000_000  # bytes
BULK_LIMIT = 20_000_000  # bytes
MAX_DEPTH = 20
MAX_NUMBER_CHARACTERS = 100
MAX_ERRORS = 100
JSON_TYPES = ("application/json",)
LINES_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON value and what is wrong with it.

    Attributes:
        value: the value; not to be used where there are errors.
        malformed: errors of form, such as a doubled key: the text lies about itself.
        unstorable: errors of content: characters that no store holds.
    """

    value: Any
    malformed: tuple[FieldError, ...] = ()
    unstorable: tuple[FieldError, ...] = ()

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """All errors, those of form first."""
        return (*self.malformed, *self.unstorable)


@dataclass(slots=True)
class _Found:
    malformed: list[FieldError] = field(default_factory=list)
    unstorable: list[FieldError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Odd:
    """Stands in the parsed value for a number that cannot be taken."""

    message: str


class _Doubled(dict[str, Any]):
    """An object with a key that occurs twice."""

    names: tuple[str, ...] = ()


def read_json(request: HttpRequest, *, limit: int = BODY_LIMIT) -> Any:
    """Return the body as JSON.

    Args:
        limit: most bytes that are read.

    Raises:
        ApiError: malformed-request, length-required, too-large,
            unsupported-media-type, or invalid for characters no store holds.
    """
    check_media_type(request, JSON_TYPES)
    parsed = parse(decode(read_bytes(request, limit)))
    if parsed.malformed:
        raise ApiError(
            "malformed-request", parsed.malformed[0].message, errors=parsed.errors
        )
    if parsed.unstorable:
        raise ApiError(
            "invalid", parsed.unstorable[0].message, errors=parsed.unstorable
        )
    return parsed.value


def has_body(request: HttpRequest) -> bool:
    """Tell whether anything was sent along."""
    return _length(request) > 0


def read_bytes(request: HttpRequest, limit: int) -> bytes:
    """Return the body, reading nothing of one that says it is too long.

    Raises:
        ApiError: length-required, too-large, malformed-request.
    """
    if _length(request) > limit:
        raise _too_large(limit)
    try:
        data = request.read(limit + 1)
    except UnreadablePostError:
        raise ApiError(
            "malformed-request", "The body broke off. Send the request again."
        ) from None
    if len(data) > limit:
        raise _too_large(limit)
    return bytes(data)


def check_media_type(request: HttpRequest, allowed: tuple[str, ...]) -> str:
    """Return the body's media type if it is allowed, plain and in UTF-8.

    Raises:
        ApiError: unsupported-media-type.
    """
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise ApiError("unsupported-media-type", "Send the body without compression.")
    sent = str(request.META.get("CONTENT_TYPE") or "")
    media_type, _, parameters = sent.partition(";")
    media_type = media_type.strip().lower()
    if media_type not in allowed:
        raise ApiError("unsupported-media-type", f"Send 'Content-Type: {allowed[0]}'.")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
            if charset not in {"utf-8", "utf8", "us-ascii"}:
                raise ApiError("unsupported-media-type", "Send the body in UTF-8.")
    return media_type


def decode(data: bytes) -> str:
    """Return the text; a byte order mark in front is no part of it.

    Raises:
        ApiError: malformed-request.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ApiError(
            "malformed-request",
            f"The body is not UTF-8: byte {error.start} cannot be read.",
        ) from None


def parse(text: str) -> Parsed:
    """Return the JSON value of a text with everything that is wrong with it."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return _broken(f"This is not JSON: {error.msg} at {where}.", "malformed")
    except (RecursionError, MemoryError):
        return _broken(f"Nest at most {MAX_DEPTH} levels.", "too_deep")
    except ValueError:
        return _broken("This is not JSON.", "malformed")
    found = _Found()
    _walk(value, found)
    return Parsed(value, tuple(found.malformed), tuple(found.unstorable))


def parse_rows(text: str, media_type: str) -> list[Parsed]:
    """Return the rows of a JSON array, or of a text with one object a line.

    A bad line is one bad row; a broken array is refused whole, because nobody
    can say where its next row begins.

    Raises:
        ApiError: malformed-request.
    """
    start = text.lstrip(_SPACE)[:1]
    if start == "[":
        whole = parse(text)
        if whole.value is None:
            raise ApiError(
                "malformed-request", whole.malformed[0].message, errors=whole.errors
            )
        return [_row(item) for item in whole.value]
    lines = [line for line in text.split("\n") if line.strip(_SPACE)]
    if media_type in JSON_TYPES and (start != "{" or parse(lines[0]).value is None):
        raise ApiError(
            "malformed-request",
            "Send a JSON array of listings, or one listing a line as "
            f"'Content-Type: {LINES_TYPES[0]}'.",
        )
    return [parse(line) for line in lines]


def _row(value: Any) -> Parsed:
    found = _Found()
    _walk(value, found)
    return Parsed(value, tuple(found.malformed), tuple(found.unstorable))


def _length(request: HttpRequest) -> int:
    given = request.META.get("CONTENT_LENGTH") or ""
    if not given and request.META.get("HTTP_TRANSFER_ENCODING"):
        raise ApiError("length-required")
    if given and not (given.isascii() and given.isdigit() and len(given) < 19):
        raise ApiError("malformed-request", "The Content-Length is not a number.")
    return int(given or 0)


def _too_large(limit: int) -> ApiError:
    return ApiError("too-large", f"Send at most {limit // 1_000_000} MB at once.")


def _broken(message: str, code: str) -> Parsed:
    return Parsed(None, (FieldError("", "", code, message),))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    doubled = _Doubled(plain)
    times = Counter(name for name, _ in pairs)
    doubled.names = tuple(name for name, count in times.items() if count > 1)
    return doubled


def _constant(name: str) -> _Odd:
    return _Odd(f"{name} is not JSON. Leave the field out or send a finite number.")


def _float(text: str) -> float | _Odd:
    number = float(text)
    if len(text) > MAX_NUMBER_CHARACTERS or not math.isfinite(number):
        return _Odd("Send a number that is finite and not longer than 100 digits.")
    return number


def _int(text: str) -> int | _Odd:
    # Far below the length at which Python itself refuses, and at no cost.
    if len(text) > MAX_NUMBER_CHARACTERS:
        return _Odd("Send a number that is finite and not longer than 100 digits.")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_constant=_constant,
    parse_float=_float,
    parse_int=_int,
)


def _walk(root: Any, found: _Found) -> None:
    """Look at every value, without recursion, until enough is found."""
    stack: list[tuple[Any, str, int]] = [(root, "", 0)]
    while stack and len(found.malformed) + len(found.unstorable) < MAX_ERRORS:
        value, pointer, depth = stack.pop()
        if isinstance(value, str):
            if (said := _unstorable(value)) is not None:
                found.unstorable.append(_error(pointer, *said))
        elif isinstance(value, _Odd):
            found.malformed.append(_error(pointer, "bad_number", value.message))
        elif isinstance(value, dict | list):
            if depth >= MAX_DEPTH:
                message = f"Nest at most {MAX_DEPTH} levels."
                found.malformed.append(_error(pointer, "too_deep", message))
            else:
                _check_keys(value, pointer, found)
                stack.extend(_children(value, pointer, depth + 1))


def _children(
    value: dict[str, Any] | list[Any], pointer: str, depth: int
) -> Iterator[tuple[Any, str, int]]:
    """Yield what stands inside, the last first, as a stack wants it."""
    if isinstance(value, dict):
        for name, item in reversed(value.items()):
            if isinstance(item, str) and item.isascii() and "\x00" not in item:
                continue
            yield item, f"{pointer}/{escaped(name)}", depth
    else:
        for index in range(len(value) - 1, -1, -1):
            yield value[index], f"{pointer}/{index}", depth


def _check_keys(value: dict[str, Any] | list[Any], pointer: str, found: _Found) -> None:
    if isinstance(value, list):
        return
    for name in value.names if isinstance(value, _Doubled) else ():
        message = "This key occurs twice. Send it once."
        where = f"{pointer}/{escaped(name)}"
        found.malformed.append(_error(where, "duplicate_key", message))
    for name in value:
        if (said := _unstorable(name)) is not None:
            found.unstorable.append(_error(f"{pointer}/{escaped(name)}", *said))


def _unstorable(text: str) -> tuple[str, str] | None:
    if "\x00" in text:
        return "nul_character", "Take the NUL character (U+0000) out."
    if not text.isascii() and _SURROGATE.search(text):
        return "lone_surrogate", "Half a character (a lone surrogate): send it whole."
    return None


def _error(pointer: str, code: str, message: str) -> FieldError:
    name = pointer.removeprefix("/").replace("~1", "/").replace("~0", "~")
    return FieldError(pointer, name, code, f"{name}: {message}" if name else message)
