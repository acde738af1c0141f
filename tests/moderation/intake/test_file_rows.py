"""Lines are read within bounds, and JSON strictly."""

import io

import pytest

from moderation.intake.file_rows import (
    MAX_LINE,
    UnreadableValue,
    file_problem,
    not_utf8,
    nul_byte,
    parse_json,
    read_lines,
    too_long,
)


def test_lines_keep_their_numbers_and_the_first_loses_its_mark():
    lines = list(read_lines(io.BytesIO(b"\xef\xbb\xbfa\n\nb")))
    assert [(line.number, line.data) for line in lines] == [
        (1, b"a\n"),
        (2, b"\n"),
        (3, b"b"),
    ]


def test_a_line_over_the_limit_is_cut_and_the_next_one_read():
    stream = io.BytesIO(b"x" * (3 * MAX_LINE) + b"\nshort\n")
    long, short = read_lines(stream)
    assert long.too_long
    assert len(long.shown) == 200
    assert (short.number, short.data, short.too_long) == (2, b"short\n", False)


def test_a_line_of_exactly_the_limit_is_read():
    (line,) = read_lines(io.BytesIO(b"x" * MAX_LINE + b"\n"))
    assert not line.too_long


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"b": {"a": 1, "a": 2}}', "stands twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "Infinity"),
        ('{"a": ', "character"),
        ("[" * 200_000, "deeply"),
        ('{"a": ' + "9" * 5_000 + "}", "digits"),
        ("", "character"),
    ],
)
def test_json_that_cannot_be_trusted_is_refused_with_a_reason(text, reason):
    with pytest.raises(UnreadableValue, match=reason):
        parse_json(text)


def test_good_json_is_read():
    assert parse_json('{"a": [1, 2.5, null, "\\ud83d\\ude00"]}') == {
        "a": [1, 2.5, None, "😀"]
    }


@pytest.mark.parametrize("problem", [too_long(7), not_utf8(7), nul_byte(7)])
def test_each_problem_of_a_row_names_its_line(problem):
    assert "line 7" in problem.message.lower()
    assert problem.field == "row"


def test_a_problem_of_the_whole_file_has_the_number_zero():
    row = file_problem("empty_file", "The file is empty.")
    assert (row.number, row.data, row.problems[0].field) == (0, None, "file")
