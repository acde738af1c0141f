"""Bodies: read strictly, named exactly, refused without a stack trace."""

import json
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from moderation.api.body import (
    BODY_LIMIT,
    BULK_LIMIT,
    MAX_DEPTH,
    parse,
    parse_rows,
    read_json,
)
from moderation.api.problems import ApiError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc/~é", max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


def codes(text: str) -> dict[str, str]:
    """Return the codes of what is wrong by pointer."""
    return {error.pointer: error.code for error in parse(text).errors}


def post(data: bytes, content_type: str = "application/json", **meta: Any) -> Any:
    """Return a request with a body."""
    return RequestFactory().generic("POST", "/", data, content_type, **meta)


def refused(request: Any) -> str:
    """Return the kind of problem that reading a request ends in."""
    with pytest.raises(ApiError) as caught:
        read_json(request)
    return caught.value.slug


@given(VALUES)
def test_whatever_json_can_say_is_read_as_it_is(value: Any) -> None:
    parsed = parse(json.dumps(value))
    if parsed.errors:
        assert {error.code for error in parsed.errors} == {"too_deep"}
    else:
        assert parsed.value == value


@given(st.text(max_size=60))
def test_no_text_makes_the_parser_fail(text: str) -> None:
    parse(text)


@given(st.text("[]{}\"',:0123.eE+-ntfabu\\ \n", max_size=60))
def test_nothing_like_json_makes_the_parser_fail(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "a": 2}', {"/a": "duplicate_key"}),
        ('{"o": [{"x/y": 1, "x/y": 1}]}', {"/o/0/x~1y": "duplicate_key"}),
        ('{"a": NaN, "b": -Infinity}', {"/a": "bad_number", "/b": "bad_number"}),
        ('{"a": 1e999}', {"/a": "bad_number"}),
        ('{"a": %s}' % ("9" * 5000), {"/a": "bad_number"}),
        ('{"a": 0.%s}' % ("9" * 5000), {"/a": "bad_number"}),
        ('{"a": "x\\u0000y"}', {"/a": "nul_character"}),
        ('{"a": ["ok", "\\ud800"]}', {"/a/1": "lone_surrogate"}),
        ('{"\\u0000": 1}', {"/\x00": "nul_character"}),
        ('{"a": "\\ud83d\\ude00"}', {}),
        ('{"a": "\x01"}', {"": "malformed"}),
        ("{'a': 1}", {"": "malformed"}),
        ("{} {}", {"": "malformed"}),
        ("", {"": "malformed"}),
        ("[" * 100_000, {"": "too_deep"}),
        ('{"a":' * 100_000, {"": "too_deep"}),
    ],
)
def test_what_cannot_be_relied_on_is_named_where_it_stands(
    text: str, expected: dict[str, str]
) -> None:
    assert codes(text) == expected


def test_nesting_is_allowed_up_to_the_limit() -> None:
    assert codes("[" * MAX_DEPTH + "]" * MAX_DEPTH) == {}
    deeper = MAX_DEPTH + 1
    assert list(codes("[" * deeper + "]" * deeper).values()) == ["too_deep"]


def test_a_thousand_faults_are_not_all_listed() -> None:
    text = json.dumps(["\x00"] * 1000)
    assert 1 <= len(parse(text).errors) <= 100


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read_json(post(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/plain", "application/x-www-form-urlencoded", "text/json"),
        *("multipart/form-data; boundary=x", "application/json; charset=utf-16"),
        *("application/json; charset=latin-1", "application/x-ndjson", ";", "\xe9"),
    ],
)
def test_another_kind_of_body_is_refused_by_its_type(content_type: str) -> None:
    assert refused(post(b"{}", content_type)) == "unsupported-media-type"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", 'Application/JSON; charset="UTF-8"', "application/json;x=y"],
)
def test_json_in_utf8_is_taken_however_it_is_written(content_type: str) -> None:
    assert read_json(post(b"{}", content_type)) == {}


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity"])
def test_a_compressed_body_is_refused_unread(encoding: str) -> None:
    request = post(b"\x1f\x8b\x08rubbish", HTTP_CONTENT_ENCODING=encoding)
    assert refused(request) == "unsupported-media-type"


@pytest.mark.parametrize("data", [b"\xff\xfe{\x00}\x00", b'{"a": "\xe9"}', b"\xed\xa0"])
def test_bytes_that_are_not_utf8_are_refused(data: bytes) -> None:
    assert refused(post(data)) == "malformed-request"


def test_a_body_that_says_it_is_too_long_is_not_read(monkeypatch: Any) -> None:
    request = post(b"{}", CONTENT_LENGTH=str(BODY_LIMIT + 1))
    monkeypatch.setattr(request, "read", pytest.fail)
    assert refused(request) == "too-large"


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 30, "²"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert refused(post(b"{}", CONTENT_LENGTH=length)) == "malformed-request"


def test_a_body_in_chunks_needs_a_length() -> None:
    request = post(b"{}", HTTP_TRANSFER_ENCODING="chunked")
    del request.META["CONTENT_LENGTH"]
    assert refused(request) == "length-required"


def test_a_body_of_the_limit_is_still_read() -> None:
    data = b'"' + b"a" * (BODY_LIMIT - 2) + b'"'
    assert len(read_json(post(data))) == BODY_LIMIT - 2
    assert refused(post(data + b" ")) == "too-large"
    assert BULK_LIMIT == 10 * BODY_LIMIT


def test_rows_of_an_array_have_pointers_of_their_own() -> None:
    rows = parse_rows('[{"a": 1}, {"a": 1, "a": 2}]', "application/json")
    assert [[error.pointer for error in row.errors] for row in rows] == [[], ["/a"]]
