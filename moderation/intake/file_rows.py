"""One row of an uploaded file, and the bounded reading of its lines.

Knows bytes, lines and their limits; refuses to know formats and listings.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from moderation.content import Problem

MAX_LINE = 1_000_000  # bytes; also the most that one row may span
_SHOWN_OF_LONG = 200  # characters of a refused line that are given back
UTF8_BOM = b"\xef\xbb\xbf"
SAVE_AS_UTF8 = "Save the file as UTF-8 and send it again."


@dataclass(frozen=True, slots=True)
class FileRow:
    """One data row of a file: what it says, or why it cannot be read."""

    number: int
    """1 for the first data row; 0 for a problem of the file as a whole."""
    line: int
    """The line of the file where the row starts, from 1."""
    data: dict[str, Any] | None
    """The row as a JSON-like object for `validate`; None when there is a problem."""
    problems: tuple[Problem, ...]
    """What is wrong with the row, with the remedy."""
    raw: str
    """The row as text, for giving it back."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file with its line break."""

    number: int
    data: bytes
    too_long: bool = False

    @property
    def shown(self) -> str:
        """The line as text that can be shown, whatever its bytes are."""
        text = self.data.decode("utf-8", "replace").rstrip("\r\n")
        return text[:_SHOWN_OF_LONG] if self.too_long else text


class UnreadableValue(ValueError):
    """A JSON text that cannot be used; the message says why and what to do."""


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield the lines of a stream, holding one of them at most.

    A line over MAX_LINE bytes is cut and marked, and its rest skipped.
    """
    number = 0
    while data := stream.readline(MAX_LINE + 1):
        number += 1
        if number == 1:
            data = data.removeprefix(UTF8_BOM)
        too_long = len(data) > MAX_LINE and not data.endswith(b"\n")
        if too_long:
            while rest := stream.readline(MAX_LINE):
                if rest.endswith(b"\n"):
                    break
            data = data[: _SHOWN_OF_LONG * 4]
        yield Line(number, data, too_long)


def file_problem(code: str, message: str, line: int = 1) -> FileRow:
    """Return a row that says what is wrong with the file as a whole."""
    return FileRow(0, line, None, (Problem("file", code, message),), "")


def too_long(line: int) -> Problem:
    """Return the problem of a row over the limit."""
    return Problem(
        "row",
        "too_long",
        f"The row at line {line} is over {MAX_LINE:,} bytes. Shorten it, or check for "
        "a missing line break.",
    )


def not_utf8(line: int) -> Problem:
    """Return the problem of a row in another encoding."""
    return Problem("row", "not_utf8", f"Line {line} is not UTF-8. {SAVE_AS_UTF8}")


def nul_byte(line: int) -> Problem:
    """Return the problem of a row with NUL bytes."""
    return Problem(
        "row", "nul_byte", f"Line {line} holds NUL bytes. Remove them. {SAVE_AS_UTF8}"
    )


def parse_json(text: str) -> Any:
    """Parse JSON as the standard has it: no NaN, no key twice, no bottomless nesting.

    Raises UnreadableValue with the reason and the remedy.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_each_key_once, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise UnreadableValue(f"{error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise UnreadableValue("It is nested too deeply") from None
    except UnreadableValue:
        raise
    except ValueError:
        raise UnreadableValue("A number has too many digits") from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in data if names.count(name) > 1)
        raise UnreadableValue(f'The key "{twice[:60]}" stands twice; keep one of them')
    return data


def _no_constant(word: str) -> Any:
    raise UnreadableValue(f"{word} is no JSON value; write a number, a text or null")
