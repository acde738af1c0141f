"""Reads CSV: a header line of column names, then one row a listing.

Decides on the separator and on what a cell says; refuses to know what a listing
needs. A broken row is given back with its reason and the next one is read.
"""

import csv
import re
from collections.abc import Iterator

from moderation.content import FIELDS, LIST_FIELDS, Problem
from moderation.intake.file_rows import (
    MAX_LINE,
    SAVE_AS_UTF8,
    FileRow,
    Line,
    UnreadableValue,
    file_problem,
    not_utf8,
    nul_byte,
    parse_json,
    too_long,
)

_SEPARATORS = (",", ";", "\t")
_KNOWN = frozenset({"external_id", *FIELDS})
_ATTRIBUTE = "attributes."
_FOREIGN = re.compile("[\udc80-\udcff]")  # bytes that were no UTF-8
# A comma parts two addresses only where the next one begins: addresses hold commas.
_BETWEEN_URLS = re.compile(r"[\s|]+|,(?=\s*(?:https?:|$))")
# After so many broken rows their lines are no longer tried one by one.
_MAX_SECOND_TRIES = 200


class _TooLong(Exception):
    """The row being read is over the limit."""


class _Records:
    """Feeds lines to the csv reader and remembers those of the row being read."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: list[Line] = []
        self._second_tries = 0
        self.current: list[Line] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines)
        self.current.append(line)
        self._size += len(line.data)
        if line.too_long or self._size > MAX_LINE:
            raise _TooLong
        return line.data.decode("utf-8", "surrogateescape")

    def begin(self) -> None:
        self.current = []
        self._size = 0

    def first_line_only(self) -> None:
        """Keep the first line of a broken row and give its others a second try.

        A quote that is never closed would otherwise take the good rows after it.
        """
        if self._second_tries < _MAX_SECOND_TRIES and len(self.current) > 1:
            self._second_tries += 1
            self._again.extend(reversed(self.current[1:]))
            del self.current[1:]

    @property
    def line(self) -> int:
        return self.current[0].number if self.current else 1

    @property
    def raw(self) -> str:
        return "\n".join(line.shown for line in self.current)


def read_csv(lines: Iterator[Line]) -> Iterator[FileRow]:
    """Yield one row for each data row; the header decides on the separator."""
    records = _Records(lines)
    first = next(lines, None)
    if first is not None and first.data.strip().lower() in (b"sep=,", b"sep=;"):
        first = next(lines, None)
    if first is None:
        yield file_problem("empty_file", "The file is empty. Send one with rows.")
        return
    header = _header(first)
    if isinstance(header, FileRow):
        yield header
        return
    separator, columns = header
    reader = csv.reader(records, delimiter=separator, strict=True)
    number = 0
    while True:
        records.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_TooLong, csv.Error) as error:
            number += 1
            records.first_line_only()
            yield _broken(number, records, error)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        yield _row(number, records, columns, cells)


def _header(first: Line) -> tuple[str, list[str]] | FileRow:
    """Return the separator and the column names, or what is wrong with them."""
    if first.too_long:
        return file_problem("too_long", "The line of column names is too long.")
    try:
        text = first.data.decode("utf-8")
    except UnicodeDecodeError:
        return file_problem("not_utf8", f"The file is not UTF-8. {SAVE_AS_UTF8}")
    best: tuple[int, str, list[str]] = (0, ",", [])
    for separator in _SEPARATORS:
        try:
            cells = next(csv.reader([text], delimiter=separator, strict=True), [])
        except csv.Error:
            continue
        columns = [_column(index, cell) for index, cell in enumerate(cells)]
        known = sum(_is_known(column) for column in columns)
        if known > best[0]:
            best = (known, separator, columns)
    known, separator, columns = best
    if not known:
        return file_problem(
            "no_header",
            "Begin the file with a line of column names, such as "
            "external_id,title,description,price,currency,category.",
            first.number,
        )
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        return file_problem(
            "duplicate_column",
            f"The column {', '.join(twice)} stands twice. Keep one of them.",
            first.number,
        )
    return separator, columns


def _column(index: int, cell: str) -> str:
    name = cell.strip()
    if name.lower().startswith(_ATTRIBUTE):
        return _ATTRIBUTE + name[len(_ATTRIBUTE) :].strip()
    plain = re.sub(r"[\s-]+", "_", name.lower())
    return plain if plain in _KNOWN else name or f"column {index + 1}"


def _is_known(column: str) -> bool:
    return column in _KNOWN or column.startswith(_ATTRIBUTE)


def _broken(number: int, records: _Records, error: Exception) -> FileRow:
    if isinstance(error, _TooLong):
        problem = too_long(records.line)
    else:
        problem = Problem(
            "row",
            "bad_csv",
            f"The row at line {records.line} breaks the rules of CSV ({error}). Close "
            'every quote, and write a quote inside a quoted cell twice ("").',
        )
    return FileRow(number, records.line, None, (problem,), records.raw)


def _row(
    number: int, records: _Records, columns: list[str], cells: list[str]
) -> FileRow:
    line = records.line
    problems: list[Problem] = []
    data: dict[str, object] = {}
    while len(cells) > len(columns) and not cells[-1].strip():
        cells.pop()
    if any(_FOREIGN.search(cell) for cell in cells):
        problems.append(not_utf8(line))
    elif any("\x00" in cell for cell in cells):
        problems.append(nul_byte(line))
    elif len(cells) != len(columns):
        problems.append(
            Problem(
                "row",
                "wrong_columns",
                f"The row at line {line} has {len(cells)} cells and the header "
                f"{len(columns)}. Put a cell that holds the separator in quotes.",
            )
        )
    else:
        data = _data(columns, cells, problems)
    if problems:
        return FileRow(number, line, None, tuple(problems), records.raw)
    return FileRow(number, line, data, (), records.raw)


def _data(
    columns: list[str], cells: list[str], problems: list[Problem]
) -> dict[str, object]:
    """Return the cells as an object for `validate`; an empty cell is absent."""
    data: dict[str, object] = {}
    attributes: dict[str, object] = {}
    for column, cell in zip(columns, cells, strict=True):
        if not cell.strip():
            continue
        try:
            if column == "attributes":
                attributes |= _object(cell)
            elif column.startswith(_ATTRIBUTE):
                attributes[column.removeprefix(_ATTRIBUTE)] = cell
            elif column in LIST_FIELDS:
                data[column] = _urls(cell)
            else:
                data[column] = cell
        except UnreadableValue as error:
            problems.append(Problem(column, "bad_json", str(error)))
    if attributes:
        data["attributes"] = attributes
    return data


def _object(cell: str) -> dict[str, object]:
    remedy = 'Write the attributes as a JSON object, such as {"Colour": "red"}.'
    try:
        value = parse_json(cell)
    except UnreadableValue as error:
        raise UnreadableValue(f"{error}. {remedy}") from None
    if not isinstance(value, dict):
        raise UnreadableValue(remedy)
    return value


def _urls(cell: str) -> list[object]:
    if not cell.lstrip().startswith("["):
        return [url for url in _BETWEEN_URLS.split(cell) if url]
    remedy = "Write the addresses as a JSON list, or with a space between them."
    try:
        value = parse_json(cell)
    except UnreadableValue as error:
        raise UnreadableValue(f"{error}. {remedy}") from None
    if not isinstance(value, list):
        raise UnreadableValue(remedy)
    return value
