"""Reads JSONL: one JSON object a line.

Decides whether a line is an object; refuses to know what a listing is.
"""

from collections.abc import Iterator

from moderation.content import Problem
from moderation.intake.file_rows import (
    FileRow,
    Line,
    UnreadableValue,
    file_problem,
    not_utf8,
    nul_byte,
    parse_json,
    too_long,
)


def read_jsonl(lines: Iterator[Line]) -> Iterator[FileRow]:
    """Yield one row for each line that is not blank; a bad line stops no other."""
    number = 0
    for line in lines:
        if not line.data.strip():
            continue
        if number == 0 and line.data.lstrip().startswith(b"["):
            yield file_problem(
                "json_array",
                "Write one JSON object on each line, without [ ] around them and "
                "without commas between them.",
                line.number,
            )
            return
        number += 1
        yield _row(number, line)


def _row(number: int, line: Line) -> FileRow:
    problem: Problem | None = None
    data = None
    if line.too_long:
        problem = too_long(line.number)
    elif b"\x00" in line.data:
        problem = nul_byte(line.number)
    else:
        try:
            data = parse_json(line.data.decode("utf-8"))
        except UnicodeDecodeError:
            problem = not_utf8(line.number)
        except UnreadableValue as error:
            problem = Problem(
                "row",
                "bad_json",
                f"Line {line.number} cannot be read as JSON: {error}. Write one "
                "complete object on each line.",
            )
    if problem is None and not isinstance(data, dict):
        problem = Problem(
            "row",
            "wrong_type",
            f'Line {line.number} is no JSON object, such as {{"external_id": "A1"}}.',
        )
    if problem is not None:
        return FileRow(number, line.number, None, (problem,), line.shown)
    return FileRow(number, line.number, data, (), line.shown)
