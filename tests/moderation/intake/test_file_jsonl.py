"""JSONL: a bad line is given back and stops no other."""

import io

import pytest

from moderation.intake.file_jsonl import read_jsonl
from moderation.intake.file_rows import MAX_LINE, read_lines


def rows(data):
    return list(read_jsonl(read_lines(io.BytesIO(data))))


def test_each_line_is_a_row_and_blank_lines_do_not_count():
    first, second = rows(b'{"external_id": "A"}\r\n\n  \n{"external_id": "B"}')
    assert (first.number, first.line, first.data) == (1, 1, {"external_id": "A"})
    assert (second.number, second.line, second.data) == (2, 4, {"external_id": "B"})
    assert second.raw == '{"external_id": "B"}'


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"a": 1', "bad_json"),
        (b'{"a": 1, "a": 2}', "bad_json"),
        (b'{"a": NaN}', "bad_json"),
        (b"[1]", "wrong_type"),
        (b"7", "wrong_type"),
        (b"null", "wrong_type"),
        (b'{"title": "caf\xe9"}', "not_utf8"),
        (b'{"title": "a\x00"}', "nul_byte"),
        (b'{"title": "' + b"x" * MAX_LINE + b'"}', "too_long"),
        (b"{" + b"[" * 100_000, "bad_json"),
    ],
)
def test_a_bad_line_is_named_with_its_remedy_and_the_good_ones_go_in(line, code):
    first, bad, last = rows(b'{"a": 1}\n' + line + b'\n{"a": 2}\n')
    assert first.data == {"a": 1}
    assert last.data == {"a": 2}
    assert bad.data is None
    (problem,) = bad.problems
    assert (problem.field, problem.code) == ("row", code)
    assert "line 2" in problem.message.lower()
    assert bad.raw


def test_a_json_array_ends_the_file_with_the_remedy():
    (row,) = rows(b'[\n{"a": 1},\n{"a": 2}\n]')
    assert row.number == 0
    assert row.problems[0].code == "json_array"
