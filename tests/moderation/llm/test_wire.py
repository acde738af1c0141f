"""The protocol as bytes: what goes out, and what a reply is worth."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.assessment.verdict import SCHEMA_NAME, verdict_schema
from moderation.llm.client import (
    RAW_TEXT_LIMIT_BYTES,
    Message,
    ModelFailure,
    ModelReply,
    ModelRequest,
    storable,
)
from moderation.llm.providers import Provider, offline_provider
from moderation.llm.wire import encode_body, read_reply
from moderation.states import FailureKind as F
from tests.protocol_modes import Asked, completion, envelope

HOUSE = Provider("house", "http://a/v1", "k")


def asking(*texts: str, **changes: Any) -> ModelRequest:
    messages = tuple(Message("user", text) for text in texts or ("hello",))
    values: dict[str, Any] = {
        "model": "gpt-4.1-mini",
        "messages": messages,
        "schema_name": SCHEMA_NAME,
        "schema": verdict_schema(),
        "max_output_tokens": 321,
        "timeout_s": 1.0,
        "request_id": "r",
    }
    return ModelRequest(**{**values, **changes})


def read(
    body: bytes, provider: Provider = HOUSE, **changes: Any
) -> ModelReply | ModelFailure:
    return read_reply(provider, asking(**changes), body, 5)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_the_body_is_the_json_that_the_protocol_has(texts: list[str]) -> None:
    body = json.loads(encode_body(HOUSE, asking(*texts)))

    assert body == {
        "model": "gpt-4.1-mini",
        "temperature": 0,
        "max_completion_tokens": 321,
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": SCHEMA_NAME,
                "strict": True,
                "schema": verdict_schema(),
            },
        },
        "messages": [{"role": "user", "content": text} for text in texts],
    }


def test_a_long_prefix_is_encoded_as_it_is() -> None:
    long = 'a "quoted" line\n' * 1_000

    assert (
        json.loads(encode_body(HOUSE, asking(long)))["messages"][0]["content"] == long
    )


def test_a_provider_gets_the_parameters_that_it_takes() -> None:
    plain = Provider(
        "plain",
        "http://a/v1",
        "k",
        sends_temperature=False,
        length_parameter="max_tokens",
        strips_bounds=True,
    )

    text = encode_body(plain, asking()).decode()

    body = json.loads(text)
    assert "temperature" not in body
    assert body["max_tokens"] == 321
    assert '"minimum"' not in text
    assert '"minimum"' in encode_body(HOUSE, asking()).decode()


def test_another_schema_under_the_same_name_is_sent_as_it_is() -> None:
    encode_body(HOUSE, asking())

    body = json.loads(encode_body(HOUSE, asking(schema={"type": "object"})))

    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_a_good_reply_tells_its_tokens_and_its_cost() -> None:
    reply = read(completion(Asked("gpt-4.1-mini"), "{}"))

    assert isinstance(reply, ModelReply)
    assert (reply.input_tokens, reply.cached_tokens, reply.output_tokens) == (
        9_000,
        8_000,
        300,
    )
    assert reply.cost_microusd == 400 + 800 + 480


def test_a_reply_without_usage_is_estimated_and_not_free() -> None:
    data = envelope(Asked("gpt-4.1-mini"), "{}")
    del data["usage"]

    reply = read(json.dumps(data).encode())

    assert isinstance(reply, ModelReply)
    assert reply.cost_microusd > 0


@pytest.mark.parametrize("odd", [-5, True, "9", None, 1e3, 10**30])
def test_odd_token_counts_do_no_harm(odd: object) -> None:
    data = envelope(Asked("gpt-4.1-mini"), "{}")
    data["usage"] = {"prompt_tokens": odd, "completion_tokens": odd}

    reply = read(json.dumps(data).encode())

    assert 0 <= reply.input_tokens <= 10**8
    assert 0 <= reply.cost_microusd < 10**10


def test_the_snapshot_of_an_alias_is_accepted_when_the_recipe_names_it() -> None:
    body = completion(Asked("gpt-4.1-mini-2025-04-14"), "{}")

    refused = read(body)
    taken = read(body, accepted_models=("gpt-4.1-mini-2025-04-14",))

    assert isinstance(refused, ModelFailure)
    assert refused.kind == F.WRONG_MODEL
    assert isinstance(taken, ModelReply)


def test_a_stand_in_is_held_to_its_own_model() -> None:
    provider = offline_provider()

    own = read(completion(Asked(provider.model), "{}"), provider)
    other = read(completion(Asked("gpt-4.1-mini"), "{}"), provider)

    assert isinstance(own, ModelReply)
    assert isinstance(other, ModelFailure)


def test_a_refused_answer_still_costs_what_it_cost() -> None:
    failure = read(completion(Asked("gpt-4.1-mini"), "{}", finish="length"))

    assert isinstance(failure, ModelFailure)
    assert failure.kind == F.TRUNCATED
    assert failure.cost_microusd > 0
    assert failure.output_tokens == 300


def test_a_cut_off_refusal_is_cut_off_since_the_finish_reason_is_read_first() -> None:
    body = completion(Asked("gpt-4.1-mini"), None, finish="length", refusal="No")

    failure = read(body)

    assert isinstance(failure, ModelFailure)
    assert failure.kind == F.TRUNCATED


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    assert isinstance(read(body), ModelFailure)


@given(
    st.dictionaries(
        st.sampled_from(["choices", "model", "usage", "x"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["message", "finish_reason", "content", "refusal"]),
                    inner,
                    max_size=3,
                )
            ),
        ),
    )
)
def test_no_shape_makes_it_raise(data: dict[str, Any]) -> None:
    answer = read(json.dumps(data).encode())

    assert isinstance(answer, ModelFailure | ModelReply)


@given(st.text(st.characters()))
def test_what_is_kept_can_be_stored(text: str) -> None:
    kept = storable(text + "\x00\ud800" + "é" * 15_000)

    assert len(kept.encode("utf-8")) <= RAW_TEXT_LIMIT_BYTES + 100
    assert "\x00" not in kept
