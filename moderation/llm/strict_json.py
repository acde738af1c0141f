"""Reads JSON the way a decision needs it: what is doubtful is refused, not guessed.

Refuses duplicate keys, NaN and infinities, U+0000, lone surrogates, over-long
strings and over-deep nesting. Never repairs. Knows nothing of what is read.
"""

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 20
MAX_STRING = 100_000


class StrictJSONError(ValueError):
    """The text is not JSON that can be relied on; the message is a closed phrase."""


def loads(data: str | bytes, *, max_string: int = MAX_STRING) -> Any:
    """Return the decoded value.

    Args:
        data: text, or bytes that must be UTF-8.
        max_string: longest string allowed, in characters.

    Raises:
        StrictJSONError: with a reason that quotes nothing of the data.
    """
    if isinstance(data, bytes):
        try:
            data = data.decode("utf-8")
        except UnicodeDecodeError:
            raise StrictJSONError("not UTF-8") from None
    try:
        value = _DECODER.decode(data)
    except StrictJSONError:
        raise
    except RecursionError:
        raise StrictJSONError("nested too deeply") from None
    except ValueError:
        raise StrictJSONError("not JSON") from None
    _check(value, max_string, MAX_DEPTH)
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StrictJSONError("a key occurs twice")
    return found


def _constant(_name: str) -> NoReturn:
    raise StrictJSONError("a number is not finite")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise StrictJSONError("a number is not finite")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float
)


def _check(value: object, max_string: int, depth: int) -> None:
    if depth < 0:
        raise StrictJSONError("nested too deeply")
    if isinstance(value, str):
        _check_text(value, max_string)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, max_string)
            _check(item, max_string, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, max_string, depth - 1)


def _check_text(text: str, max_string: int) -> None:
    if len(text) > max_string:
        raise StrictJSONError("a text is too long")
    if "\x00" in text:
        raise StrictJSONError("a text holds U+0000")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise StrictJSONError("a text holds half a character") from None
