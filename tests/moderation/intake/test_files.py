"""Which format a file has, and that a large one is read in constant memory."""

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.intake.files import read_rows

JSONL = b'{"external_id": "A", "title": "Blue mug", "source": "x"}\n'
CSV = b"external_id,title,source\nA,Blue mug,x\n"
ROW = {"external_id": "A", "title": "Blue mug", "source": "x"}


@pytest.mark.parametrize(
    ("data", "filename"),
    [
        (JSONL, "a.jsonl"),
        (JSONL, "a.NDJSON"),
        (JSONL, "a.json"),
        (JSONL, "listings"),
        (b"\n\n" + JSONL, "listings.txt"),
        (CSV, "a.csv"),
        (CSV, "listings"),
        (CSV.replace(b",", b"\t"), "a.tsv"),
        (b"\xef\xbb\xbf" + JSONL, "a.jsonl"),
        (b"\xef\xbb\xbf" + CSV, "a.csv"),
        (b"\n" + CSV, "a.csv"),
    ],
)
def test_the_ending_or_the_first_character_decides_on_the_format(data, filename):
    (row,) = read_rows(io.BytesIO(data), filename)
    assert row.data == ROW
    assert row.problems == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"\n \n", "empty_file"),
        (CSV.decode().encode("utf-16"), "not_utf8"),
        (CSV.decode().encode("utf-16-le"), "not_utf8"),
        (b"PK\x03\x04 workbook", "not_text"),
        (b"\x1f\x8b\x08 packed", "not_text"),
    ],
)
def test_what_is_no_text_is_refused_as_a_whole_with_the_remedy(data, code):
    (row,) = read_rows(io.BytesIO(data), "a.csv")
    assert (row.number, row.data) == (0, None)
    assert row.problems[0].code == code
    assert row.problems[0].message.endswith(".")


class Endless(io.RawIOBase):
    """A stream of rows that is never in memory as a whole and cannot seek."""

    def __init__(self, row, count):
        self.row, self.left = row, count

    def readline(self, size=-1):
        self.left -= 1
        return self.row if self.left >= 0 else b""


def test_a_large_file_is_read_in_constant_memory():
    tracemalloc.start()
    try:
        count = sum(
            row.data is not None for row in read_rows(Endless(JSONL, 20_000), "a.jsonl")
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000  # the file has 1.1 MB


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.jsonl", "a"]))
def test_any_bytes_give_rows_or_reasons(data, filename):
    for row in read_rows(io.BytesIO(data), filename):
        assert (row.data is None) == bool(row.problems)
        row.raw.encode()


@given(st.text(alphabet='",;\n\r\x00aé', max_size=60))
def test_any_text_after_a_header_gives_rows_in_order(text):
    data = ("external_id,title\n" + text).encode()
    numbers = [row.number for row in read_rows(io.BytesIO(data), "a.csv")]
    assert numbers == list(range(1, len(numbers) + 1))
