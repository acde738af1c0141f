"""Takes out of a listing what no database and no page can hold, and says what.

Only that: NUL, lone surrogates, noncharacters, invisible tag characters and carriage
returns. Everything a person can see is left to the standards, which judge the
merchant's own text. The merchant's reference (external_id) is never altered.
"""

import re
from collections.abc import Mapping
from typing import Any

from moderation.content import Change

NUL_CODE = "Q-04"  # a control character: the policy names its removal
CODE = "unstorable_characters"
LINE_CODE = "line_breaks"
_UNTOUCHED = frozenset({"external_id"})
# Deeper values are no part of a listing and are refused by validate.
_MAX_DEPTH = 4

_UNSTORABLE = re.compile(
    "[\x00\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e007f"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)
_CARRIAGE_RETURN = re.compile("\r\n?")


def sanitize(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Change, ...]]:
    """Return a copy of raw that can be stored, and each change that this took.

    Args:
        raw: a JSON object as received. What is no text is passed on as it is.

    Only the removal of NUL is named, under the policy's Q-04; the rest is silent, for
    no rule speaks of it. `before` shows characters that cannot be stored as escapes.
    """
    changes: list[Change] = []
    clean = {
        _clean_text(name, "fields", changes): (
            value if name in _UNTOUCHED else _clean(value, name, changes, 0)
        )
        for name, value in raw.items()
    }
    return clean, tuple(changes)


def storable(text: str) -> str:
    """Return text without characters that no database or page can hold."""
    return _UNSTORABLE.sub("", text)


def _clean(value: Any, field: str, changes: list[Change], depth: int) -> Any:
    if isinstance(value, str):
        return _clean_text(value, field, changes)
    if depth >= _MAX_DEPTH:
        return value
    if isinstance(value, Mapping):
        return {
            _clean_text(name, field, changes) if isinstance(name, str) else name: (
                _clean(item, f"{field}.{name}", changes, depth + 1)
            )
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            _clean(item, f"{field}.{index}", changes, depth + 1)
            for index, item in enumerate(value)
        ]
    return value


def _clean_text(text: str, field: str, changes: list[Change]) -> str:
    after = text
    if not text.isascii() or "\x00" in text:
        after = storable(text)
        if after != text:
            code = NUL_CODE if "\x00" in text else CODE
            silent = code == CODE
            before = _UNSTORABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
            changes.append(Change(code, storable(field), before, after, silent))
    if "\r" in after:
        unified = _CARRIAGE_RETURN.sub("\n", after)
        changes.append(Change(LINE_CODE, storable(field), after, unified, silent=True))
        after = unified
    return after
