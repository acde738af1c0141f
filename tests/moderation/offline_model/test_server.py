"""The OpenAI protocol, in process and on a socket."""

import asyncio
import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from moderation.offline_model import MODEL_NAME
from moderation.offline_model.http import make_server
from moderation.offline_model.server import MOST_BODY_BYTES, app, handle

LISTING = {"title": "Ceramic mug", "price": "9.50", "currency": "EUR"}


def request(text=None, **changes):
    if text is None:
        document = json.dumps({"listing": LISTING, "tidied": {}})
        text = f"<data 1f2e>\n{document}\n</data 1f2e>"
    messages = [
        {"role": "system", "content": 'Answer. {"listing": 1}'},
        {"role": "user", "content": text},
    ]
    body = {"model": MODEL_NAME, "messages": messages, **changes}
    return json.dumps(body).encode()


def complete(body):
    return handle("POST", "/v1/chat/completions", body)


def test_a_request_gets_a_completion_with_a_verdict():
    answer = complete(request(response_format={"type": "json_schema"}))
    assert answer.status == 200
    choice = answer.body["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert json.loads(choice["message"]["content"])["language"] == "en"
    assert answer.body["model"] == MODEL_NAME
    usage = answer.body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_content_may_be_a_list_of_parts():
    text = json.dumps({"listing": LISTING})
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    body = json.dumps({"model": MODEL_NAME, "messages": messages}).encode()
    assert complete(body).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"[" * 200_000, 400),
        (json.dumps({"model": "gpt-9"}).encode(), 404),
        (json.dumps({"model": MODEL_NAME}).encode(), 400),
        (json.dumps({"model": MODEL_NAME, "messages": [1]}).encode(), 400),
        (request("no document here"), 400),
        (request('{"listing": [1]}'), 400),
        (request('{"a": ' * 5000), 400),
        (request(stream=True), 400),
    ],
)
def test_a_bad_request_gets_an_error_of_the_protocol(body, status):
    answer = complete(body)
    assert answer.status == status
    assert set(answer.body["error"]) == {"message", "type", "param", "code"}


def test_the_models_are_listed():
    assert handle("GET", "/v1/models", b"").body["data"][0]["id"] == MODEL_NAME
    assert handle("GET", f"/v1/models/{MODEL_NAME}", b"").status == 200
    assert handle("GET", "/v1/models/other", b"").status == 404
    assert handle("GET", "/elsewhere", b"").status == 404
    assert handle("PUT", "/v1/models", b"").status == 405


def call_app(body, path="/v1/chat/completions"):
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event):
        sent.append(event)

    scope = {"type": "http", "method": "POST", "path": path}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_the_asgi_app_answers_and_holds_its_limit():
    assert call_app(request())[0] == 200
    status, body = call_app(b"x" * (MOST_BODY_BYTES + 1))
    assert (status, body["error"]["code"]) == (413, "request_too_large")


@pytest.fixture(scope="module")
def port():
    server = make_server("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def post(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/v1/chat/completions", body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def raw(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while piece := connection.recv(65536):
            parts.append(piece)
        return b"".join(parts)


def test_the_socket_server_answers_many_at_once(port):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(port, request())[0], range(48)))
    assert set(answers) == {200}


def test_the_socket_server_survives_what_is_no_request(port):
    for data in (
        b"",
        b"\x00\xff\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /v1 HTTP/9.9\r\n\r\n",
    ):
        raw(port, data)
    chunked = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n\r\n"
    assert b"411" in raw(port, chunked).split(b"\r\n")[0]
    short = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{}"
    raw(port, short)
    assert post(port, request())[0] == 200


def test_the_socket_server_refuses_a_large_body(port):
    status, body = post(port, b"x" * (MOST_BODY_BYTES + 1))
    assert (status, body["error"]["code"]) == (413, "request_too_large")
