"""Strict JSON: everything that another reader would let through is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.llm.strict_json import StrictJSONError, loads

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_ordinary_json_is_read_as_it_was_written(value: object) -> None:
    assert loads(json.dumps(value)) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '[{"a": {"b": 1, "b": 1}}]',
        "NaN",
        '{"a": Infinity}',
        "-Infinity",
        "[1e999]",
        '"\\u0000"',
        '{"a\\u0000": 1}',
        '["\\ud800"]',
        '{"\\udfff": 1}',
        "[" * 40 + "]" * 40,
        "[" * 100_000,
        '{"a": 1} x',
        "```json\n{}\n```",
        '{"a": 1,}',
        '"a\nb"',
        "",
        "{'a': 1}",
        b"\xff\xfe{}",
        "9" * 5_000,
    ],
)
def test_doubtful_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(StrictJSONError):
        loads(text)


def test_a_text_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert loads('"' + "x" * 10 + '"', max_string=10) == "x" * 10
    with pytest.raises(StrictJSONError, match="too long"):
        loads('"' + "x" * 11 + '"', max_string=10)


@given(st.text(max_size=60))
def test_a_refusal_quotes_nothing_of_the_data(text: str) -> None:
    with pytest.raises(StrictJSONError) as refused:
        loads("{" + text)
    assert str(refused.value) in {
        "not JSON",
        "a key occurs twice",
        "a number is not finite",
        "a text holds U+0000",
        "a text holds half a character",
        "nested too deeply",
    }
