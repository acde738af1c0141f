"""A receiver of webhooks on this machine: answers as told and remembers everything."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Told:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Reply:
    """What is answered: after a wait, perhaps in drops, perhaps not at all."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    wait_s: float = 0.0
    drip_s: float = 0.0


@dataclass
class Sink:
    """The receiver: its address, what came, and what it answers next."""

    url: str = ""
    told: list[Told] = field(default_factory=list)
    reply: Callable[[int], Reply] = lambda number: Reply()


@contextmanager
def a_sink(
    reply: Callable[[int], Reply] | None = None, *, host: str = "127.0.0.1"
) -> Iterator[Sink]:
    """Run a receiver; `reply` is given the number of each request, from 0."""
    sink = Sink()
    if reply is not None:
        sink.reply = reply

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            number = len(sink.told)
            sink.told.append(Told(self.path, headers, body, time.monotonic()))
            answer = sink.reply(number)
            time.sleep(answer.wait_s)
            try:
                self._answer(answer)
            except OSError:
                self.close_connection = True

        do_GET = do_POST

        def _answer(self, answer: Reply) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if not answer.drip_s:
                self.wfile.write(answer.body)
                return
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(answer.drip_s)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """A sender that hangs up is part of the tests."""

    server = Server((host, 0), Handler)
    sink.url = f"http://{host}:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
