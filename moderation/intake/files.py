"""Reads an uploaded file of listings row by row, in constant memory.

Decides which format a file has. A bad row is reported with its line and the remedy
and stops no other; only a file that cannot be read as a whole ends early.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import PurePath
from typing import BinaryIO

from moderation.intake.file_csv import read_csv
from moderation.intake.file_jsonl import read_jsonl
from moderation.intake.file_rows import (
    SAVE_AS_UTF8,
    FileRow,
    Line,
    file_problem,
    read_lines,
)

__all__ = ["FileRow", "read_rows"]

_JSON = frozenset({".jsonl", ".ndjson", ".json"})
_TABLES = frozenset({".csv", ".tsv"})
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def read_rows(stream: BinaryIO, filename: str) -> Iterator[FileRow]:
    """Yield the rows of a JSONL or CSV file.

    Args:
        stream: the file's bytes, read once from where it stands; need not seek.
        filename: its ending decides on the format; without a known one the first
            character does ("{" is JSONL).

    Unknown fields and columns are passed on, for `validate` to ignore and list.
    Never raises for what the file says; an error of the stream itself passes.
    """
    lines = read_lines(stream)
    blank = b""
    first: Line | None = None
    for line in lines:
        if line.too_long or line.data.strip():
            first = line
            break
        blank = line.data
    if first is None:
        yield file_problem("empty_file", "The file is empty. Send one with rows.")
        return
    problem = _not_text(first, blank)
    if problem is not None:
        yield problem
        return
    suffix = PurePath(filename).suffix.lower()
    is_json = suffix in _JSON or (
        suffix not in _TABLES and first.data.lstrip()[:1] in (b"{", b"[")
    )
    read = read_jsonl if is_json else read_csv
    yield from read(chain([first], lines))


def _not_text(first: Line, blank: bytes) -> FileRow | None:
    data = first.data
    if data.startswith(_UTF16_BOMS) or blank.startswith(_UTF16_BOMS):
        return file_problem("not_utf8", f"The file is UTF-16. {SAVE_AS_UTF8}")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")):
        return file_problem(
            "not_text",
            "The file is a workbook, a document or compressed. Save it as CSV UTF-8 "
            "or JSONL and send that.",
        )
    if data.count(b"\x00") * 4 > len(data):
        return file_problem("not_utf8", f"The file is UTF-16. {SAVE_AS_UTF8}")
    return None
