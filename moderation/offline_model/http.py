"""Serves the offline model on a socket with nothing but the standard library.

Decides how bytes become requests: sizes, time-outs, malformed ones. What a request
means is decided by the handler that the ASGI app shares.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from moderation.offline_model.server import (
    MOST_BODY_BYTES,
    Answer,
    encoded,
    handle,
    too_large,
)

_IDLE_SECONDS = 30
_PIECE_BYTES = 64 * 1024


class Handler(BaseHTTPRequestHandler):
    """Reads one request, hands it to the pure handler, writes the answer."""

    protocol_version = "HTTP/1.1"
    server_version = "reviewhub-offline"
    sys_version = ""
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer(handle("GET", self._path(), b""))

    def do_HEAD(self) -> None:
        """Answer a HEAD: as a GET without its body."""
        self._answer(handle("HEAD", self._path(), b""))

    def do_POST(self) -> None:
        """Answer a POST of a known length within the limit."""
        length = self._length()
        if length is None:
            self.close_connection = True
            self._refuse(411, "Send a Content-Length.", "length_required")
            return
        if length > MOST_BODY_BYTES:
            self._drain(length)
            self.close_connection = True
            self._answer(too_large())
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        self._answer(handle("POST", self._path(), body))

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Answer a request that could not be read, in the protocol's own form."""
        self.close_connection = True
        self._refuse(code, message or "The request cannot be read.", "bad_request")

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Write nothing: listings are nobody's log."""

    def _path(self) -> str:
        return urlsplit(self.path).path

    def _length(self) -> int | None:
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isascii() and text.isdigit() else None

    def _drain(self, length: int) -> None:
        """Read away a body that is too large, up to a point, so the answer arrives."""
        left = min(length, 8 * MOST_BODY_BYTES)
        while left > 0:
            piece = self.rfile.read(min(left, _PIECE_BYTES))
            if not piece:
                return
            left -= len(piece)

    def _refuse(self, status: int, message: str, code: str) -> None:
        error = {
            "message": message,
            "type": "invalid_request_error",
            "param": None,
            "code": code,
        }
        self._answer(Answer(status, {"error": error}))

    def _answer(self, answer: Answer) -> None:
        raw = encoded(answer)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if getattr(self, "command", None) != "HEAD":
            self.wfile.write(raw)


class Server(ThreadingHTTPServer):
    """One thread a connection; a broken one ends alone."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a connection that broke off go in silence."""


def make_server(host: str, port: int) -> Server:
    """Return a server bound to an address; port 0 picks a free one.

    Raises OSError when the address is taken.
    """
    return Server((host, port), Handler)
