"""Serves the offline model over the OpenAI chat completions protocol, as ASGI.

Decides what a request asks for and how an error reads. Standard library only; the
same pure handler serves the stand-alone command.
"""

import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple

from moderation.offline_model import MODEL_NAME
from moderation.offline_model.judge import judge

MOST_BODY_BYTES = 2 * 1024 * 1024
_CHARACTERS_A_TOKEN = 4
_COMPLETIONS = "/v1/chat/completions"
_MODELS = "/v1/models"
_DECODER = json.JSONDecoder()
_OPENING = re.compile(r"\{\s*\"")

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Answer(NamedTuple):
    """One HTTP answer: status and JSON body."""

    status: int
    body: dict[str, Any]


class BadRequestError(ValueError):
    """A request that cannot be answered; `param` names the field that is wrong."""

    def __init__(self, message: str, param: str | None = None) -> None:
        """Keep the message and the name of the field."""
        super().__init__(message)
        self.param = param


def handle(method: str, path: str, body: bytes) -> Answer:
    """Answer one request of the protocol; never raises.

    Args:
        method: HTTP method in capitals.
        path: path without a query, such as /v1/chat/completions.
        body: the whole body; the caller holds the limit MOST_BODY_BYTES.
    """
    path = path.rstrip("/") or "/"
    if path == _COMPLETIONS:
        if method != "POST":
            return _error(405, "Use POST.", "method_not_allowed")
        return _complete(body)
    if path == _MODELS or path.startswith(_MODELS + "/"):
        if method not in ("GET", "HEAD"):
            return _error(405, "Use GET.", "method_not_allowed")
        return _models(path.removeprefix(_MODELS).lstrip("/"))
    if path in ("/", "/health"):
        return Answer(200, {"status": "ok", "model": MODEL_NAME})
    return _error(404, f"There is no {path[:200]}.", "not_found")


def too_large() -> Answer:
    """Return the answer to a body over the limit."""
    said = f"The body is larger than {MOST_BODY_BYTES} bytes."
    return _error(413, said, "request_too_large")


def _error(status: int, message: str, code: str, param: str | None = None) -> Answer:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return Answer(status, {"error": error})


def _models(name: str) -> Answer:
    model = {"id": MODEL_NAME, "object": "model", "created": 0, "owned_by": "reviewhub"}
    if not name:
        return Answer(200, {"object": "list", "data": [model]})
    return Answer(200, model) if name == MODEL_NAME else _no_model(name)


def _no_model(name: object) -> Answer:
    said = f"The model {str(name)[:100]!r} does not exist; use {MODEL_NAME!r}."
    return _error(404, said, "model_not_found", "model")


def _complete(body: bytes) -> Answer:
    try:
        request = json.loads(body)
        if not isinstance(request, dict):
            raise BadRequestError("The body must be a JSON object.")
        if request.get("model") != MODEL_NAME:
            return _no_model(request.get("model"))
        if request.get("stream"):
            raise BadRequestError("Streaming is not offered.", "stream")
        texts = _message_texts(request)
        document = find_document(texts[-1])
    except BadRequestError as error:
        return _error(400, str(error), "invalid_request", error.param)
    except (ValueError, RecursionError):
        return _error(400, "The body is not valid JSON.", "invalid_json")
    try:
        verdict = judge(document["listing"], document["tidied"])
    except Exception as error:  # one listing must not end the server
        return _error(500, f"The model failed: {type(error).__name__}.", "model_failed")
    return Answer(200, _completion(texts, verdict))


def _message_texts(request: Mapping[str, Any]) -> list[str]:
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequestError("messages must be a list that is not empty.", "messages")
    texts = []
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadRequestError("Each message needs a role.", "messages")
        texts.append(_text_of(message.get("content")))
    return texts


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str))
    if content is None:
        return ""
    raise BadRequestError("content must be text or a list of parts.", "messages")


def find_document(text: str) -> dict[str, dict[str, Any]]:
    """Return the first JSON object with a listing in a message.

    Whatever fence stands round it is passed over. Raises BadRequestError when there
    is none, or its parts are no objects.
    """
    for candidate in _objects(text):
        listing, tidied = candidate.get("listing"), candidate.get("tidied") or {}
        if isinstance(listing, dict) and isinstance(tidied, dict):
            return {"listing": listing, "tidied": tidied}
    said = "The last message holds no JSON object with a listing."
    raise BadRequestError(said, "messages")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the outermost JSON objects of a text; gives up after a few false starts."""
    at = 0
    for _ in range(20):
        opening = _OPENING.search(text, at)
        if opening is None:
            return
        try:
            value, at = _DECODER.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            at = opening.end()
            continue
        if isinstance(value, dict):
            yield value


def _completion(texts: list[str], verdict: Mapping[str, Any]) -> dict[str, Any]:
    content = json.dumps(verdict, ensure_ascii=False)
    asked = sum(map(len, texts)) // _CHARACTERS_A_TOKEN + 1
    given = len(content) // _CHARACTERS_A_TOKEN + 1
    message = {"role": "assistant", "content": content, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL_NAME,
        "choices": [choice],
        "usage": {
            "prompt_tokens": asked,
            "completion_tokens": given,
            "total_tokens": asked + given,
        },
    }


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one ASGI scope: HTTP requests, and the start and end of a server."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    body = await _body(receive)
    if body is None:
        answer = too_large()
    else:
        answer = handle(scope["method"].upper(), scope["path"], body)
    raw = encoded(answer)
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(raw)).encode()),
    ]
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": raw})


def encoded(answer: Answer) -> bytes:
    """Return an answer's body as UTF-8 JSON; lone surrogates are escaped."""
    try:
        return json.dumps(answer.body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(answer.body).encode()


async def _body(receive: Receive) -> bytes | None:
    """Return the request's body, None when it is over the limit."""
    parts, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return b""
        part = event.get("body", b"")
        size += len(part)
        if size <= MOST_BODY_BYTES:
            parts.append(part)
        if not event.get("more_body", False):
            return b"".join(parts) if size <= MOST_BODY_BYTES else None


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif event["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
