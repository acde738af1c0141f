"""The way out, with real sockets: the canary inside is never met."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from moderation.delivery import egress
from moderation.delivery.addresses import RefusedAddressError
from moderation.delivery.egress import Answer, check_url, post
from tests.moderation.delivery.test_addresses import REFUSED
from tests.sink import Reply, Sink, a_sink

LOOPBACK = "127.0.0.1"


@pytest.fixture
def allow(settings: Any) -> Callable[..., None]:
    """Return a setter of the installation's exceptions."""

    def set_them(*words: str) -> None:
        settings.REVIEWHUB_EGRESS_ALLOW = words

    return set_them


@pytest.fixture
def canary() -> Iterator[list[object]]:
    """Listen inside, on every loopback address; whoever connects is noted."""
    met: list[object] = []
    server = socket.create_server(("", 0), family=socket.AF_INET)
    server.settimeout(0.1)
    stop = threading.Event()

    def listen() -> None:
        while not stop.is_set():
            try:
                connection, peer = server.accept()
            except OSError:
                continue
            met.append(peer)
            connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    met_port = server.getsockname()[1]
    Canary.port = met_port
    yield met
    stop.set()
    thread.join(5)
    server.close()


class Canary:
    """Where the listener inside listens."""

    port = 0


def sent(url: str, **options: Any) -> Answer:
    """Post something."""
    return asyncio.run(post(url, body=b"{}", headers={"x-a": "1"}, **options))


def resolver(*answers: str) -> Callable[[str, int], Sequence[str]]:
    """Return a resolver that gives one answer after the other, the last for ever."""
    left = list(answers)

    def resolve(host: str, port: int) -> Sequence[str]:
        return [left.pop(0) if len(left) > 1 else left[0]]

    return resolve


@pytest.mark.parametrize("url", REFUSED)
def test_no_refused_address_is_called_at_create_or_at_delivery(url: str) -> None:
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        looked_up.append(host)
        return ["93.184.215.14"]

    with pytest.raises(RefusedAddressError):
        check_url(url, resolve=resolve)
    answer = sent(url, resolve=resolve)
    assert answer.status is None
    assert answer.error.startswith("refused: ")
    assert not looked_up


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_listener_inside_is_never_met(
    host: str, scheme: str, canary: list[object]
) -> None:
    url = f"{scheme}://{host}:{Canary.port}/"
    with pytest.raises(RefusedAddressError):
        check_url(url)
    assert sent(url).error.startswith("refused: ")
    assert canary == []


def test_a_name_that_turns_inward_after_creation_meets_nobody(
    canary: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = resolver("93.184.215.14", LOOPBACK)
    check_url("https://rebound.example.com:8443/", resolve=resolve)
    answer = sent("https://rebound.example.com:8443/", resolve=resolve)
    assert answer.error.startswith("refused: ")
    assert canary == []


def test_the_connection_goes_to_the_checked_address_and_asks_nobody_again(
    allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow("127.0.0.0/8")
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.2"]

    def elsewhere(*given: Any, **options: Any) -> Any:
        raise AssertionError("the name was looked up again")

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    with a_sink(host="127.0.0.2") as sink, a_sink() as other:
        port = sink.url.split(":")[2]
        answer = sent(f"http://sink.example.com:{port}", resolve=resolve)
        assert answer.status == 200
        assert (len(sink.told), len(other.told)) == (1, 0)
    assert asked == ["sink.example.com"]
    assert sink.told[0].headers["host"].startswith("sink.example.com:")


def test_an_unknown_name_and_a_private_one_read_alike() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror("no such host")

    errors = {
        sent("https://a.example.com/", resolve=found).error
        for found in (unknown, resolver("10.0.0.1"), resolver("::1"))
    }
    assert len(errors) == 1


def test_a_redirect_is_an_answer_and_is_not_followed(
    allow: Callable[..., None],
) -> None:
    allow(LOOPBACK)
    with a_sink() as inside:
        to = {"Location": inside.url}
        with a_sink(lambda number: Reply(status=301, headers=to)) as sink:
            answer = sent(sink.url)
        assert answer.status == 301
        assert len(sink.told) == 1
        assert inside.told == []


def test_what_is_sent_is_what_was_given(allow: Callable[..., None]) -> None:
    allow(LOOPBACK)
    with a_sink() as sink:
        answer = sent(f"{sink.url}?a=%20b&c[]=1")
    (told,) = sink.told
    assert told.body == b"{}"
    assert told.path == "/hook?a=%20b&c[]=1"
    assert told.headers["x-a"] == "1"
    assert (answer.status, answer.body, answer.error) == (200, b"ok", "")
    assert "cookie" not in told.headers


def test_no_proxy_of_the_environment_is_used(
    allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch, canary: list[object]
) -> None:
    allow(LOOPBACK)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{Canary.port}")
    with a_sink() as sink:
        assert sent(sink.url).status == 200
    assert canary == []


@pytest.mark.parametrize(
    "reply",
    [Reply(wait_s=3), Reply(body=b"x" * 1000, drip_s=0.05)],
    ids=["hangs", "drips"],
)
def test_a_slow_sink_is_left_at_the_deadline(
    reply: Reply, allow: Callable[..., None]
) -> None:
    allow(LOOPBACK)
    with a_sink(lambda number: reply) as sink:
        began = time.monotonic()
        answer = sent(sink.url, deadline_s=0.4)
        took = time.monotonic() - began
    assert answer.status is None
    assert answer.error.startswith("timeout: ")
    assert took < 1.5


def test_a_slow_name_server_is_left_at_the_deadline() -> None:
    def slow(host: str, port: int) -> Sequence[str]:
        time.sleep(1)
        return ["93.184.215.14"]

    began = time.monotonic()
    assert sent("https://a.example.com/", resolve=slow, deadline_s=0.2).error
    assert time.monotonic() - began < 0.9


def test_of_a_long_answer_only_the_start_is_read(allow: Callable[..., None]) -> None:
    allow(LOOPBACK)
    with a_sink(lambda number: Reply(body=b"x" * 50_000_000)) as sink:
        answer = sent(sink.url)
    assert answer.status == 200
    assert len(answer.body) == egress.ANSWER_BYTES


def test_a_compressed_answer_is_not_unpacked(allow: Callable[..., None]) -> None:
    allow(LOOPBACK)
    reply = Reply(headers={"Content-Encoding": "gzip"}, body=b"\x1f\x8bnot really")
    with a_sink(lambda number: reply) as sink:
        assert sent(sink.url).body == b"\x1f\x8bnot really"


def test_nobody_there_and_no_tls_are_told_apart(
    allow: Callable[..., None], canary: list[object]
) -> None:
    allow(LOOPBACK)
    with a_sink() as sink:
        gone = sink.url
        answer = sent(sink.url.replace("http:", "https:"))
        assert answer.status is None
        assert answer.error.startswith(("tls: ", "broken: "))
    assert sent(gone).error == "connect: nothing answers there"
    assert sent(f"http://{LOOPBACK}:{Canary.port}/").error.startswith("broken: ")


def test_the_check_at_creation_gives_what_it_read() -> None:
    target = check_url("https://Hooks.example.com/x", resolve=resolver("1.1.1.1"))
    assert (target.host, target.port) == ("hooks.example.com", 443)


def test_a_sink_helper_remembers_what_came(allow: Callable[..., None]) -> None:
    allow(LOOPBACK)
    sink: Sink
    with a_sink(lambda number: Reply(status=500 if number == 0 else 200)) as sink:
        assert [sent(sink.url).status for _ in range(2)] == [500, 200]
