"""CSV: header, separators, cells, and rows that are broken."""

import io
import time

import pytest

from moderation.intake.file_csv import read_csv
from moderation.intake.file_rows import MAX_LINE, read_lines


def rows(data):
    data = data.encode() if isinstance(data, str) else data
    return list(read_csv(read_lines(io.BytesIO(data))))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_header_decides_on_the_separator(separator, end):
    text = f"external_id{separator}title{end}A{separator}Blue mug{end}"
    (row,) = rows(text)
    assert row.data == {"external_id": "A", "title": "Blue mug"}
    assert (row.number, row.line) == (1, 2)


def test_a_separator_line_of_a_spreadsheet_is_skipped():
    (row,) = rows("sep=;\nexternal_id;title\nA;Mug, blue\n")
    assert row.data == {"external_id": "A", "title": "Mug, blue"}


def test_quoted_line_breaks_belong_to_the_cell():
    first, second = rows('external_id,description\nA,"one\ntwo ""x"", three"\nB,b\n')
    assert first.data == {"external_id": "A", "description": 'one\ntwo "x", three'}
    assert (second.number, second.line) == (2, 4)


def test_names_of_columns_are_read_kindly_and_unknown_ones_passed_on():
    (row,) = rows("External ID, Image-URLs ,Source,,attributes.Shoe Size\nA,,s,,42\n")
    assert row.data == {
        "external_id": "A",
        "Source": "s",
        "attributes": {"Shoe Size": "42"},
    }


def test_empty_cells_are_absent_and_empty_rows_skipped():
    (row,) = rows("external_id,title,brand\n\n,,\nA,,  \n")
    assert row.data == {"external_id": "A"}
    assert row.number == 1


@pytest.mark.parametrize(
    "cell",
    [
        "https://a.example/1,2.jpg https://b.example/",
        "https://a.example/1,2.jpg|https://b.example/",
        '"https://a.example/1,2.jpg,https://b.example/"',
        '"https://a.example/1,2.jpg, https://b.example/"',
        '"https://a.example/1,2.jpg\nhttps://b.example/"',
        '"[""https://a.example/1,2.jpg"", ""https://b.example/""]"',
    ],
)
def test_image_addresses_are_parted_in_many_ways(cell):
    if not cell.startswith('"'):
        cell = f'"{cell}"'
    (row,) = rows(f"external_id,image_urls\nA,{cell}\n")
    assert row.data["image_urls"] == ["https://a.example/1,2.jpg", "https://b.example/"]


def test_attributes_are_an_object_or_columns_or_both():
    (row,) = rows(
        "external_id,attributes,attributes.Size\n"
        'A,"{""Colour"": ""red"", ""Size"": ""S""}",L\n'
    )
    assert row.data["attributes"] == {"Colour": "red", "Size": "L"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("B", "wrong_columns"),
        ("B,b,c", "wrong_columns"),
        ('B,"b"x', "bad_csv"),
        (b"B,caf\xe9", "not_utf8"),
        (b"B,b\x00", "nul_byte"),
        (b"B," + b"x" * MAX_LINE, "too_long"),
        ("B," + "x" * 200_000, "bad_csv"),
        ('B,"never closed', "bad_csv"),
    ],
)
def test_a_broken_row_is_named_with_its_remedy_and_the_good_ones_go_in(line, code):
    line = line.encode() if isinstance(line, str) else line
    first, bad, last = rows(b"external_id,title\nA,a\n" + line + b"\nC,c\n")
    assert first.data == {"external_id": "A", "title": "a"}
    assert last.data == {"external_id": "C", "title": "c"}
    assert bad.data is None
    (problem,) = bad.problems
    assert (problem.field, problem.code) == ("row", code)
    assert "line 3" in problem.message.lower()
    assert (bad.number, bad.line, last.number) == (2, 3, 3)


@pytest.mark.parametrize(
    ("cell", "field"),
    [("{bad", "attributes"), ("[1]", "attributes"), ("[bad", "image_urls")],
)
def test_a_cell_with_bad_json_is_named_by_its_column(cell, field):
    (row,) = rows(f"external_id,{field}\nA,{cell}\n")
    assert [(problem.field, problem.code) for problem in row.problems] == [
        (field, "bad_json")
    ]


def test_extra_cells_that_are_empty_are_no_fault():
    (row,) = rows("external_id,title\nA,a,,\n")
    assert row.data == {"external_id": "A", "title": "a"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_file"),
        ("sep=;\n", "empty_file"),
        ("A,Blue mug,12.90\n", "no_header"),
        ("title,external_id,Title\n", "duplicate_column"),
        (b"external_id,pr\xe9cio\n", "not_utf8"),
        (b"x" * (MAX_LINE + 9), "too_long"),
    ],
)
def test_a_file_without_a_usable_header_is_refused_as_a_whole(text, code):
    (row,) = rows(text)
    assert (row.number, row.problems[0].code) == (0, code)


def test_a_row_over_many_lines_may_not_pass_the_limit_either():
    cell = '"' + "x" * 100_000 + '\n"'
    bad, *_, last = rows("external_id,title\n" + ",".join([cell] * 11) + "\nC,c\n")
    assert (bad.line, bad.problems[0].code) == (2, "too_long")
    assert last.data == {"external_id": "C", "title": "c"}


def test_many_unclosed_quotes_cost_linear_time():
    text = "external_id,title\n" + 'A,"a\n' * 20_000
    start = time.perf_counter()
    list(rows(text))
    assert time.perf_counter() - start < 5.0
