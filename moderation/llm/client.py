"""What is asked of a model and what comes back: a reply or a typed failure.

Decides nothing; knows nothing of listings, of HTTP or of any provider's library.
Money is integer micro-dollars, times are milliseconds unless named otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from moderation.states import FailureKind

RAW_TEXT_LIMIT_BYTES = 20_000
"""How much of a faulty answer is kept as evidence."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, as plain text."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question: everything a provider needs, nothing it does not."""

    model: str
    """The pinned snapshot; a provider with a model of its own asks for that one."""
    messages: tuple[Message, ...]
    schema_name: str
    schema: Mapping[str, Any]
    """JSON schema of the answer; the same object on every call, so that its text
    is built once."""
    max_output_tokens: int
    timeout_s: float
    """Time for everything done to answer this request, retries included."""
    request_id: str
    accepted_models: tuple[str, ...] = ()
    """Names that the reply may carry besides `model` itself."""
    max_attempts: int = 3
    """Most attempts at the first provider."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One attempt at one provider: what it took, what it cost, how it ended."""

    attempt: int
    provider: str
    model: str
    """The model that was asked for."""
    request_id: str
    started_at: datetime
    latency_ms: int
    input_tokens: int = 0
    cached_tokens: int = 0
    """Part of input_tokens that the provider had in its cache."""
    output_tokens: int = 0
    cost_microusd: int = 0
    failure: FailureKind | None = None
    detail: str = ""
    """Closed words only: never listing text, never a key."""
    http_status: int | None = None
    raw_text: str = ""
    """What came back, when it was faulty; capped, safe to store, not to show."""


@dataclass(frozen=True, slots=True)
class ModelReply:
    """An answer of the right model that ended by itself; its text is unchecked."""

    text: str
    model: str
    provider: str
    finish_reason: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    latency_ms: int
    cost_microusd: int
    is_fallback: bool = False
    """Another provider than the first one for this model answered: never a ground
    for auto-approval unless that provider's own threshold is certified."""
    fallback_because: FailureKind | None = None
    """Why the first provider did not answer, when another one did."""
    calls: tuple[CallRecord, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ModelFailure:
    """Why there is no answer."""

    kind: FailureKind
    detail: str
    provider: str
    latency_ms: int = 0
    http_status: int | None = None
    retry_after_s: float | None = None
    """When the provider, the breaker or a pause says to come back."""
    raw_text: str = field(default="", repr=False)
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_microusd: int = 0
    calls: tuple[CallRecord, ...] = field(default=(), repr=False)


class ModelClient(Protocol):
    """Anything that answers a request. Raises nothing but CancelledError."""

    async def call(self, request: ModelRequest) -> ModelReply | ModelFailure:
        """Answer, or say by which failure there is none; `.calls` has each attempt."""
        ...

    async def close(self) -> None:
        """Let go of connections; the client is not used again."""
        ...


def storable(text: str, limit_bytes: int = RAW_TEXT_LIMIT_BYTES) -> str:
    """Return text that any database holds: no NUL, no lone surrogate, capped."""
    data = text[:limit_bytes].encode("utf-8", "replace")[:limit_bytes]
    return data.decode("utf-8", "ignore").replace("\x00", "\ufffd")
