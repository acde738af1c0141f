"""One attempt through the library: in the process, over a socket, over its limits."""

import asyncio
import gc
import gzip
import json
import time
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

import pytest

from moderation.llm.client import Message, ModelFailure, ModelReply, ModelRequest
from moderation.llm.openai_client import OpenAIClient
from moderation.llm.providers import Provider, offline_provider
from moderation.states import FailureKind as F
from tests.protocol_modes import MODES, Asked, Reply, completion
from tests.protocol_server import ScriptedServer

Event = MutableMapping[str, Any]


class App:
    """A tiny ASGI application with the protocol's one address."""

    def __init__(self, body: bytes, status: int = 200, fault: Exception | None = None):
        self.body, self.status, self.fault = body, status, fault
        self.paths: list[str] = []

    async def __call__(
        self,
        scope: Event,
        receive: Callable[[], Awaitable[Event]],
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        while (await receive()).get("more_body"):
            pass
        self.paths.append(scope["path"])
        if self.fault is not None:
            raise self.fault
        headers = [(b"content-type", b"application/json")]
        start = {"type": "http.response.start", "status": self.status}
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def asking(model: str = "reviewhub-offline-1", timeout_s: float = 2.0) -> ModelRequest:
    return ModelRequest(
        model=model,
        messages=(Message("user", "hello"),),
        schema_name="x",
        schema={"type": "object"},
        max_output_tokens=10,
        timeout_s=timeout_s,
        request_id="req-7",
    )


def in_process(app: App) -> ModelReply | ModelFailure:
    async def run() -> ModelReply | ModelFailure:
        client = OpenAIClient(offline_provider(), app=app)
        try:
            return await client.call(asking())
        finally:
            await client.close()

    return asyncio.run(run())


def test_the_offline_model_is_reached_without_a_socket() -> None:
    app = App(completion(Asked("reviewhub-offline-1"), "{}"))

    reply = in_process(app)

    assert isinstance(reply, ModelReply)
    assert app.paths == ["/v1/chat/completions"]
    assert reply.cost_microusd == 0
    assert reply.calls[0].request_id == "req-7"
    assert reply.calls[0].started_at.tzinfo is not None


@pytest.mark.parametrize("fault", [ValueError("x"), RuntimeError("x"), OSError("x")])
def test_an_application_that_breaks_is_a_failure(fault: Exception) -> None:
    failure = in_process(App(b"", fault=fault))

    assert isinstance(failure, ModelFailure)
    assert type(fault).__name__ in failure.detail
    is_network = isinstance(fault, OSError)
    assert failure.kind == (F.UNREACHABLE if is_network else F.UNPARSABLE)


def test_an_error_that_echoes_the_key_is_kept_without_it() -> None:
    body = json.dumps({"error": {"message": "bad key offline", "code": "x" * 99}})

    failure = in_process(App(body.encode(), status=401))

    assert isinstance(failure, ModelFailure)
    assert failure.kind == F.AUTHENTICATION
    assert failure.raw_text.count("[key]") == 1
    assert failure.detail == "HTTP 401"


@pytest.mark.parametrize("request_id", ["a\r\nX-Evil: 1", "é", "", "x" * 500])
def test_an_id_that_is_no_plain_word_is_not_sent(request_id: str) -> None:
    async def run(url: str) -> ModelReply | ModelFailure:
        client = OpenAIClient(Provider("p", url, "k"))
        try:
            return await client.call(replace(asking("m"), request_id=request_id))
        finally:
            await client.close()

    with ScriptedServer(["ok"]) as server:
        answer = asyncio.run(run(server.base_url))
        headers = server.requests[0].headers

    assert isinstance(answer, ModelReply)
    assert "x-evil" not in headers
    assert "x-request-id" not in headers


def test_a_small_reply_that_unpacks_to_a_huge_one_is_not_read() -> None:
    packed = gzip.compress(b" " * 100_000_000)

    async def run(url: str) -> ModelReply | ModelFailure:
        client = OpenAIClient(Provider("p", url, "k"))
        try:
            return await client.call(asking("m"))
        finally:
            await client.close()

    bomb = Reply(packed, 200, (("content-encoding", "gzip"),))
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(MODES, "ok", lambda _asked: bomb)
        with ScriptedServer(["ok"]) as server:
            answer = asyncio.run(run(server.base_url))

    assert isinstance(answer, ModelFailure)
    assert answer.kind == F.UNPARSABLE
    assert answer.detail == "reply: too large"


def test_an_address_that_is_none_is_unreachable() -> None:
    async def run() -> ModelReply | ModelFailure:
        client = OpenAIClient(Provider("p", "http://exa mple:99999/v1", "k"))
        try:
            return await client.call(asking("m"))
        finally:
            await client.close()

    answer = asyncio.run(run())

    assert isinstance(answer, ModelFailure)
    assert answer.kind in {F.UNREACHABLE, F.INTERNAL}


def test_the_deadline_holds_against_a_body_that_drips() -> None:
    async def run(url: str) -> tuple[ModelReply | ModelFailure, float]:
        client = OpenAIClient(Provider("slow", url, "k"))
        began = time.monotonic()
        answer = await client.call(asking("m", timeout_s=0.2))
        took = time.monotonic() - began
        await client.close()
        return answer, took

    with ScriptedServer(["drip"], drip_s=0.05) as server:
        answer, took = asyncio.run(run(server.base_url))

    assert isinstance(answer, ModelFailure)
    assert answer.kind == F.TIMEOUT
    assert took < 1.0


def test_a_client_serves_another_loop_with_new_connections() -> None:
    async def once(client: OpenAIClient) -> ModelReply | ModelFailure:
        answer = await client.call(asking("m"))
        await client.close()
        return answer

    with ScriptedServer(["ok"]) as server:
        client = OpenAIClient(Provider("p", server.base_url, "k"))
        answers = [asyncio.run(once(client)) for _ in range(2)]

    assert all(isinstance(answer, ModelReply) for answer in answers)


def test_closing_leaves_nothing_open() -> None:
    async def run(url: str) -> None:
        client = OpenAIClient(Provider("p", url, "k"))
        await asyncio.gather(*(client.call(asking("m")) for _ in range(5)))
        await client.close()
        await client.close()

    with ScriptedServer(["ok"]) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(run(server.base_url))
        gc.collect()


def test_redirects_are_not_followed() -> None:
    async def run(url: str) -> ModelReply | ModelFailure:
        client = OpenAIClient(Provider("p", url, "k"))
        try:
            return await client.call(asking("m"))
        finally:
            await client.close()

    with ScriptedServer(["redirect"]) as server:
        answer = asyncio.run(run(server.base_url))
        assert len(server.requests) == 1

    assert isinstance(answer, ModelFailure)
    assert answer.http_status == 302


def test_cancelling_a_call_cancels_it() -> None:
    async def run(url: str) -> None:
        client = OpenAIClient(Provider("p", url, "k"))
        task = asyncio.create_task(client.call(asking("m")))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.close()

    with ScriptedServer(["hang"]) as server:
        asyncio.run(run(server.base_url))
