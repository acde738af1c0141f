"""A provider on a real socket that answers as told, well or badly.

For tests: `with ScriptedServer(["s500", "ok"]) as server`. As a process:
`python -m tests.protocol_server --port 9000 --modes ok:80,timeout:5 --latency-ms 50`.
GET /requests tells how often each mode was served; POST /modes sets others.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.protocol_modes import ALIASES, MODES, Asked, Reply, document_in, mode

_REASONS = {200: "OK", 302: "Found", 404: "Not Found", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Request:
    """One call as it came in."""

    at: float
    """Seconds of time.monotonic()."""
    mode: str
    headers: dict[str, str]
    body: dict[str, Any]


class Script:
    """Which mode comes next: a list in order, then its last, or shares by chance."""

    def __init__(self, modes: Sequence[str] | dict[str, float], seed: int = 1) -> None:
        """Check every name, so that a slip does not pass for a fault."""
        for name in modes:
            mode(name)
        self._list = [] if isinstance(modes, dict) else list(modes)
        self._shares = modes if isinstance(modes, dict) else {}
        self._random = random.Random(seed)

    def next(self) -> str:
        """Return the mode of the next request."""
        if self._shares:
            names, weights = zip(*self._shares.items(), strict=True)
            return str(self._random.choices(names, weights)[0])
        return self._list.pop(0) if len(self._list) > 1 else self._list[0]


@dataclass
class Manners:
    """How long things take, in seconds."""

    latency_s: float = 0.0
    slow_s: float = 0.1
    hang_s: float = 30.0
    drip_s: float = 0.02
    retry_after_s: float = 1.0


@dataclass
class ProtocolServer:
    """The server itself, inside a running loop."""

    script: Script
    manners: Manners = field(default_factory=Manners)
    requests: list[Request] = field(default_factory=list)
    keeps_bodies: bool = True
    served: Counter[str] = field(default_factory=Counter)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._accept, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._serve_one(reader, writer):
                    pass
        except asyncio.CancelledError:
            # Ended by stop(); streams log a cancelled handler as a fault.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; return whether the connection goes on."""
        head = await _read_head(reader)
        if head is None:
            return False
        method, path, headers = head
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if not path.endswith("/chat/completions"):
            await _write(writer, self._control(method, path, body))
            return True
        asked, name = self._take(headers, body)
        if self.manners.latency_s:
            await asyncio.sleep(self.manners.latency_s)
        return await self._reply(writer, mode(name)(asked))

    def _take(self, headers: dict[str, str], body: bytes) -> tuple[Asked, str]:
        """Note the request and choose its mode."""
        data = json.loads(body)
        name = self.script.next()
        self.served[name] += 1
        if self.keeps_bodies:
            self.requests.append(Request(time.monotonic(), name, headers, data))
        asked = Asked(
            model=str(data.get("model", "")),
            document=document_in(data.get("messages", [])),
            now=time.time(),
            retry_after_s=self.manners.retry_after_s,
        )
        return asked, name

    def _control(self, method: str, path: str, body: bytes) -> Reply:
        """Answer the model list and the two addresses for whoever runs a process."""
        if path.endswith("/models"):
            data: object = {"object": "list", "data": [{"id": "scripted"}]}
        elif path == "/requests":
            data = dict(self.served)
        elif path == "/modes" and method == "POST":
            self.script = Script(parsed_modes(body.decode()))
            data = "set"
        else:
            return Reply(b"{}", 404)
        return Reply(json.dumps(data).encode())

    async def _reply(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        """Send a reply in its manner; return whether the connection goes on."""
        manner, manners = reply.manner, self.manners
        if manner == "slow":
            await asyncio.sleep(manners.slow_s)
        if manner == "hang":
            await asyncio.sleep(manners.hang_s)
            return False
        if manner == "reset":
            writer.transport.abort()
            return False
        if manner in ("whole", "slow"):
            await _write(writer, reply)
            return True
        writer.write(_head(reply))
        await writer.drain()
        if manner == "hang_after_headers":
            await asyncio.sleep(manners.hang_s)
        elif manner == "drip":
            for byte in reply.body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(manners.drip_s)
        elif manner == "torn":
            writer.write(reply.body[: len(reply.body) // 2])
            await writer.drain()
        else:
            await asyncio.sleep(0.01)
            writer.transport.abort()
        return False


class ScriptedServer:
    """A ProtocolServer on a thread of its own, for tests."""

    def __init__(
        self,
        modes: Sequence[str] | dict[str, float],
        *,
        seed: int = 1,
        **manners: float,
    ) -> None:
        """Prepare; manners are those of Manners, in seconds."""
        self._server = ProtocolServer(Script(modes, seed), Manners(**manners))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def base_url(self) -> str:
        """The address to give to a client."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def requests(self) -> list[Request]:
        """Every call so far."""
        return self._server.requests

    def script(self, modes: Sequence[str] | dict[str, float], seed: int = 1) -> None:
        """Answer in other modes from now on, and forget the calls so far."""
        self._server.requests = []
        self._server.script = Script(modes, seed)

    def __enter__(self) -> Self:
        """Start listening."""
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(self._server.start(), self._loop)
        self.port = started.result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and end the thread."""
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def parsed_modes(text: str) -> dict[str, float]:
    """Return shares from text such as ok:80,timeout:5; a lone name has share 1."""
    parts = (part.strip().partition(":") for part in text.split(",") if part.strip())
    return {name: float(share or 1) for name, _, share in parts}


async def _read_head(
    reader: asyncio.StreamReader,
) -> tuple[str, str, dict[str, str]] | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    method, path, *_ = first.split(" ")
    pairs = (line.partition(":") for line in rest if line)
    return method, path, {name.lower(): value.strip() for name, _, value in pairs}


def _head(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Scripted')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    lines += [f"content-length: {len(reply.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1")


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    writer.write(_head(reply) + reply.body)
    await writer.drain()


async def _run(options: argparse.Namespace) -> None:
    server = ProtocolServer(
        Script(parsed_modes(options.modes), options.seed),
        Manners(
            latency_s=options.latency_ms / 1_000,
            hang_s=options.hang_s,
            retry_after_s=options.retry_after_s,
        ),
        keeps_bodies=False,
    )
    port = await server.start(options.port)
    sys.stdout.write(f"listening on http://127.0.0.1:{port}/v1\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--modes",
        default="ok",
        help="name:share,... of: " + ", ".join([*MODES, *ALIASES]),
    )
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--hang-s", type=float, default=60.0)
    parser.add_argument("--retry-after-s", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
