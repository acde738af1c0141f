"""One attempt at one provider through the openai library: a reply or a typed failure.

The only import of openai. Never retries, never raises but CancelledError, keeps a
deadline of its own, and believes nothing of a reply before it is read strictly.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import openai

from moderation.llm.client import (
    CallRecord,
    ModelFailure,
    ModelReply,
    ModelRequest,
    storable,
)
from moderation.llm.providers import Provider
from moderation.llm.retry import retry_after_s
from moderation.llm.wire import MAX_BODY_BYTES, encode_body, model_asked, read_reply
from moderation.states import FailureKind

_Event = MutableMapping[str, Any]
ASGIApp = Callable[
    [_Event, Callable[[], Awaitable[_Event]], Callable[[_Event], Awaitable[None]]],
    Awaitable[None],
]

_LIMITS = httpx2.Limits(max_connections=128, max_keepalive_connections=64)
_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "quota_exceeded",
        "access_terminated",
    }
)
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation"})
_MAX_PACKED_BYTES = 64_000
"""Of a reply that is compressed although it was asked not to be: a small one may
unpack to a thousand times its size."""
_LEAST_TIME_S = 0.02


class _TooLargeError(Exception):
    """A reply went past its limit."""


class OpenAIClient:
    """A ModelClient for one provider. Bound to the event loop of its first call.

    Close it before that loop ends. A call from another loop makes new connections.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        app: ASGIApp | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare for a provider; nothing is connected yet.

        Args:
            provider: where and under which names to call.
            app: the ASGI application of an in-process provider.
            now: the wall clock, for records and Retry-After dates.
        """
        self.provider = provider
        self._app = app
        self._now = now
        self._sdk: openai.AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def call(self, request: ModelRequest) -> ModelReply | ModelFailure:
        """Make one attempt within request.timeout_s; its CallRecord is in `.calls`."""
        started_at, clock = self._now(), time.perf_counter()
        answer = await self._attempt(request, clock)
        record = CallRecord(
            attempt=1,
            provider=self.provider.name,
            model=model_asked(self.provider, request),
            request_id=request.request_id,
            started_at=started_at,
            latency_ms=answer.latency_ms,
            input_tokens=answer.input_tokens,
            cached_tokens=answer.cached_tokens,
            output_tokens=answer.output_tokens,
            cost_microusd=answer.cost_microusd,
            http_status=200,
        )
        if isinstance(answer, ModelFailure):
            record = replace(
                record,
                failure=answer.kind,
                detail=answer.detail,
                http_status=answer.http_status,
                raw_text=answer.raw_text,
            )
        return replace(answer, calls=(record,))

    async def close(self) -> None:
        """Close the connections, if this loop opened any."""
        sdk, self._sdk = self._sdk, None
        if sdk is not None and self._loop is asyncio.get_running_loop():
            await sdk.close()

    async def _attempt(
        self, request: ModelRequest, clock: float
    ) -> ModelReply | ModelFailure:
        """Send and read; every exception becomes a failure, whatever raised it."""
        try:
            body, sdk = encode_body(self.provider, request), self._client()
        except Exception as error:
            return self._failure(FailureKind.INTERNAL, type(error).__name__, clock)
        try:
            async with asyncio.timeout(max(request.timeout_s, _LEAST_TIME_S)):
                response = await sdk.post(
                    "/chat/completions",
                    content=body,
                    cast_to=httpx2.Response,
                    options={
                        "headers": _headers(request.request_id),
                        "timeout": max(request.timeout_s, _LEAST_TIME_S),
                    },
                )
            return read_reply(
                self.provider, request, response.content, _ms_since(clock)
            )
        except TimeoutError:
            return self._failure(FailureKind.TIMEOUT, "deadline of the call", clock)
        except openai.APIStatusError as error:
            return self._status_failure(error, clock)
        except openai.APIConnectionError as error:
            kind = _connection_kind(error)
            return self._failure(kind, type(error.__cause__ or error).__name__, clock)
        except _TooLargeError:
            return self._failure(FailureKind.UNPARSABLE, "reply: too large", clock)
        except (OSError, httpx2.InvalidURL) as error:
            kind = FailureKind.UNREACHABLE
            return self._failure(kind, type(error).__name__, clock)
        except Exception as error:
            # The library lets errors of other libraries through (decoding, shape);
            # what is not the network's fault is filed under the reply.
            return self._failure(
                FailureKind.UNPARSABLE, f"reply: {type(error).__name__}", clock
            )

    def _client(self) -> openai.AsyncOpenAI:
        """Return the library's client of this loop, made on first use."""
        loop = asyncio.get_running_loop()
        if self._sdk is None or self._loop is not loop:
            self._loop = loop
            self._sdk = openai.AsyncOpenAI(
                api_key=self.provider.key or "none",
                base_url=self.provider.base_url,
                max_retries=0,
                http_client=self._http_client(),
            )
        return self._sdk

    def _http_client(self) -> httpx2.AsyncClient:
        hooks = {"response": [_cap_body]}
        if self._app is not None:
            transport = httpx2.ASGITransport(app=self._app)
            return httpx2.AsyncClient(transport=transport, event_hooks=hooks)
        return openai.DefaultAioHttpClient(
            limits=_LIMITS, follow_redirects=False, event_hooks=hooks
        )

    def _status_failure(
        self, error: openai.APIStatusError, clock: float
    ) -> ModelFailure:
        status, code = error.status_code, _code_of(error)
        text = error.response.text if error.response.is_stream_consumed else ""
        if self.provider.key:
            text = text.replace(self.provider.key, "[key]")
        return replace(
            self._failure(
                _status_kind(status, code), f"HTTP {status} {code}".strip(), clock
            ),
            http_status=status,
            retry_after_s=retry_after_s(error.response.headers, self._now()),
            raw_text=storable(text),
        )

    def _failure(self, kind: FailureKind, detail: str, clock: float) -> ModelFailure:
        return ModelFailure(
            kind=kind,
            detail=detail,
            provider=self.provider.name,
            latency_ms=_ms_since(clock),
        )


def _headers(request_id: str) -> dict[str, str]:
    """Return the headers of a call; an id that is no plain word stays at home."""
    if not _CODE.fullmatch(request_id):
        return _HEADERS
    return {**_HEADERS, "X-Request-ID": request_id}


def _status_kind(status: int, code: str) -> FailureKind:
    """Map a status to a failure; `code` tells what the status leaves open."""
    if code in _QUOTA_CODES or status == 402:
        return FailureKind.QUOTA_EXHAUSTED
    if code in _FILTER_CODES:
        return FailureKind.REFUSED
    if status in (401, 403):
        return FailureKind.AUTHENTICATION
    if status == 429:
        return FailureKind.RATE_LIMITED
    if status == 408:
        return FailureKind.TIMEOUT
    if status >= 500 or status < 400 or status in (409, 425):
        return FailureKind.PROVIDER_ERROR
    return FailureKind.REQUEST_REJECTED


def _code_of(error: openai.APIStatusError) -> str:
    """Return the error's code or type when it is a plain word, else nothing."""
    for word in (error.code, error.type):
        if isinstance(word, str) and _CODE.fullmatch(word):
            return word
    return ""


def _connection_kind(error: BaseException) -> FailureKind:
    """Tell a wait that ran out from a connection that broke.

    The aiohttp transport reports both as its timeout; the cause tells.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, TimeoutError):
            return FailureKind.TIMEOUT
        if isinstance(seen, httpx2.DecodingError):
            return FailureKind.UNPARSABLE
        seen = seen.__cause__ or seen.__context__
    return FailureKind.UNREACHABLE


async def _cap_body(response: httpx2.Response) -> None:
    """Stop reading a reply that is too long, before its status is looked at."""
    if isinstance(response.stream, httpx2.AsyncByteStream):
        is_packed = "content-encoding" in response.headers
        limit = _MAX_PACKED_BYTES if is_packed else MAX_BODY_BYTES
        response.stream = _Capped(response.stream, limit)


class _Capped(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > self._limit:
                raise _TooLargeError
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _ms_since(clock: float) -> int:
    return round((time.perf_counter() - clock) * 1_000)
