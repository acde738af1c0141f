"""The OpenAI chat protocol as bytes: the request's body, and what a reply says.

Pure. Decides whether a reply is an answer at all, and of which model; refuses to
know transports, retries and what the answer is about.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from moderation.llm.client import ModelFailure, ModelReply, ModelRequest, storable
from moderation.llm.pricing import cost_microusd, estimate_tokens, price_of
from moderation.llm.providers import Provider
from moderation.llm.strict_json import StrictJSONError, loads
from moderation.states import FailureKind

MAX_BODY_BYTES = 1_000_000
"""Longest reply that is read; a verdict has about two thousand bytes."""

_LONG_TEXT = 4_000
_MOST_TOKENS = 100_000_000
_BOUNDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)


class _Malformed(Exception):
    """The reply is not of the protocol's shape; the message is a closed phrase."""


class _Usage(NamedTuple):
    """Tokens of one call; cached ones are a part of the input."""

    input: int
    cached: int
    output: int


def model_asked(provider: Provider, request: ModelRequest) -> str:
    """Return the model name that goes out."""
    return provider.model or request.model


def encode_body(provider: Provider, request: ModelRequest) -> bytes:
    """Return the body of a chat completion request.

    Written by hand because the library's own encoder walks every message against
    its type annotations. The stable prefix and the schema are encoded once.
    """
    messages = ",".join(
        f'{{"role":"{m.role}","content":{_encoded(m.content)}}}'
        for m in request.messages
    )
    schema = _Schemas.text(request.schema_name, request.schema, provider.strips_bounds)
    temperature = '"temperature":0,' if provider.sends_temperature else ""
    return (
        f'{{"model":{json.dumps(model_asked(provider, request))},{temperature}'
        f'"{provider.length_parameter}":{request.max_output_tokens},'
        f'"response_format":{schema},"messages":[{messages}]}}'
    ).encode()


def read_reply(
    provider: Provider, request: ModelRequest, body: bytes, latency_ms: int
) -> ModelReply | ModelFailure:
    """Return what a reply with status 200 is worth.

    The model's name and the finish reason are read before the content: what another
    model said, or what was cut off, is not looked at.
    """
    try:
        reply = loads(body, max_string=MAX_BODY_BYTES)
        choice, used = _choice(reply), _usage(request, reply)
    except (StrictJSONError, _Malformed) as error:
        return ModelFailure(
            kind=FailureKind.UNPARSABLE,
            detail=f"reply: {error}",
            provider=provider.name,
            latency_ms=latency_ms,
            http_status=200,
            raw_text=storable(body[:MAX_BODY_BYTES].decode("utf-8", "replace")),
        )
    asked = model_asked(provider, request)
    price = price_of(asked, provider.price_table())
    cost = cost_microusd(
        price,
        input_tokens=used.input,
        cached_tokens=used.cached,
        output_tokens=used.output,
    )
    fault = _fault(provider, request, reply, choice)
    if fault is not None:
        return ModelFailure(
            kind=fault[0],
            detail=fault[1],
            provider=provider.name,
            latency_ms=latency_ms,
            http_status=200,
            raw_text=storable(json.dumps(choice, ensure_ascii=False) if choice else ""),
            input_tokens=used.input,
            cached_tokens=used.cached,
            output_tokens=used.output,
            cost_microusd=cost,
        )
    return ModelReply(
        text=choice["message"]["content"],
        model=reply["model"],
        provider=provider.name,
        finish_reason=str(choice.get("finish_reason") or ""),
        input_tokens=used.input,
        cached_tokens=used.cached,
        output_tokens=used.output,
        latency_ms=latency_ms,
        cost_microusd=cost,
    )


def _fault(
    provider: Provider,
    request: ModelRequest,
    reply: Mapping[str, Any],
    choice: Mapping[str, Any],
) -> tuple[FailureKind, str] | None:
    accepted = (
        (provider.model, *provider.accepted_models)
        if provider.model
        else (request.model, *request.accepted_models)
    )
    if reply.get("model") not in accepted:
        return FailureKind.WRONG_MODEL, "the reply names another model"
    if not choice:
        return FailureKind.EMPTY, "no choices"
    finish = choice.get("finish_reason")
    if finish == "length":
        return FailureKind.TRUNCATED, "finish_reason length"
    if finish == "content_filter":
        return FailureKind.REFUSED, "finish_reason content_filter"
    if finish not in ("stop", None):
        return FailureKind.UNPARSABLE, "finish_reason is neither stop nor known"
    message = choice["message"]
    if message.get("refusal"):
        return FailureKind.REFUSED, "the model refused"
    content = message.get("content")
    if content is None or (isinstance(content, str) and not content.strip()):
        return FailureKind.EMPTY, "no content"
    if not isinstance(content, str):
        return FailureKind.UNPARSABLE, "the content is not text"
    return None


def _choice(reply: object) -> dict[str, Any]:
    """Return the first choice, empty when there is none."""
    if not isinstance(reply, dict) or not isinstance(reply.get("choices"), list):
        raise _Malformed("not a chat completion")
    if not reply["choices"]:
        return {}
    choice = reply["choices"][0]
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise _Malformed("not a chat completion")
    return choice


def _usage(request: ModelRequest, reply: Mapping[str, Any]) -> _Usage:
    """Return the tokens used; estimated when the provider does not say."""
    usage = reply.get("usage")
    if not isinstance(usage, dict):
        characters = sum(len(message.content) for message in request.messages)
        answered = len(str(reply.get("choices")))
        return _Usage(estimate_tokens(characters), 0, estimate_tokens(answered))
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return _Usage(
        _count(usage.get("prompt_tokens")),
        _count(cached),
        _count(usage.get("completion_tokens")),
    )


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(value, 0), _MOST_TOKENS)


def _encoded(text: str) -> str:
    return _encoded_once(text) if len(text) > _LONG_TEXT else json.dumps(text)


@lru_cache(maxsize=16)
def _encoded_once(text: str) -> str:
    return json.dumps(text)


class _Schemas:
    """Encoded response formats, by name; kept while the schema is the same object."""

    _known: dict[tuple[str, bool], tuple[Mapping[str, Any], str]] = {}

    @classmethod
    def text(cls, name: str, schema: Mapping[str, Any], strips_bounds: bool) -> str:
        """Return the response_format of a schema as JSON."""
        known = cls._known.get((name, strips_bounds))
        if known is not None and known[0] is schema:
            return known[1]
        sent = _without_bounds(schema) if strips_bounds else schema
        form = {"name": name, "strict": True, "schema": sent}
        text = json.dumps({"type": "json_schema", "json_schema": form})
        cls._known[name, strips_bounds] = (schema, text)
        return text


def _without_bounds(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {k: _without_bounds(v) for k, v in node.items() if k not in _BOUNDS}
    if isinstance(node, list):
        return [_without_bounds(item) for item in node]
    return node
