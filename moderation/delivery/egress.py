"""The one way out: the only module that opens a connection to an outside address.

Each call resolves the host, holds every address against the rules of `addresses`,
and connects to exactly the addresses that passed: a name that changes its mind
between check and connect changes nothing. No redirect is followed, no proxy and no
cookie is used, and a sink that drips is left at the deadline.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from yarl import URL

from moderation.delivery.addresses import (
    NO_PUBLIC_ADDRESS,
    Exceptions,
    IPAddress,
    RefusedAddressError,
    Target,
    addresses_of,
    check_form,
    exceptions_of,
    judge,
    read_url,
)
from moderation.telemetry import metrics

CONNECT_S, RESOLVE_S, DEADLINE_S = 5.0, 5.0, 15.0
# What is read of an answer; the rest is left unread and the connection closed.
ANSWER_BYTES = 16 * 1024
# A name server that does not answer holds a thread for its own time-out.
_NAMES = ThreadPoolExecutor(32, thread_name_prefix="names")
Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call.

    Attributes:
        status: the HTTP status, None when there was no answer.
        error: why there was none, in words; "" where there was one.
        latency_ms: from the first look-up to the end.
        headers: of the answer.
        body: its first bytes.
    """

    status: int | None = None
    error: str = ""
    latency_ms: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def look_up(host: str, port: int) -> Sequence[str]:
    """Return every address of a host, as this machine's resolver tells.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def check_url(url: str, *, resolve: Resolve = look_up) -> Target:
    """Return an address that may be called as things stand now.

    Raises:
        RefusedAddressError: it may not; the message is for whoever wrote it.
    """
    try:
        target, looking = _begin(url, resolve)
        judge(target, addresses_of(looking.result(RESOLVE_S)), _allowed())
    except (OSError, TimeoutError, ValueError) as error:
        raise _refusal(error) from None
    return target


async def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    resolve: Resolve = look_up,
    deadline_s: float = DEADLINE_S,
) -> Answer:
    """Post once to an address that passes the rules at this moment; never raise.

    Args:
        url: where to.
        body: what is sent.
        headers: sent beside our own.
        resolve: the resolver, another one in tests.
        deadline_s: seconds for all of it, from the look-up to the answer's end.
    """
    began = time.monotonic()
    status: int | None = None
    error, answered, read = "", {}, b""
    try:
        async with asyncio.timeout(deadline_s):
            target, addresses = await _checked(url, resolve)
            async with (
                _session(target, addresses) as session,
                session.post(
                    URL(target.url, encoded=True),
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                status, answered = response.status, dict(response.headers)
                read = await _capped(response)
    except RefusedAddressError as refused:
        metrics.EGRESS_REFUSED.inc()
        error = f"refused: {refused}"
    except TimeoutError:
        status, error = None, f"timeout: no whole answer within {deadline_s:g} s"
    except (aiohttp.ClientError, OSError, ValueError) as failure:
        status, error = None, _words(failure)
    took = int((time.monotonic() - began) * 1000)
    return Answer(status, error, took, answered, read)


async def _checked(url: str, resolve: Resolve) -> tuple[Target, list[IPAddress]]:
    try:
        target, looking = _begin(url, resolve)
        async with asyncio.timeout(RESOLVE_S):
            addresses = addresses_of(await asyncio.wrap_future(looking))
        judge(target, addresses, _allowed())
    except (OSError, ValueError) as error:  # a time-out of the look-up is an OSError
        raise _refusal(error) from None
    return target, addresses


def _begin(url: str, resolve: Resolve) -> tuple[Target, "Future[Sequence[str]]"]:
    """Read an address and ask for its host's addresses."""
    target = read_url(url)
    if not _allowed():
        # Nothing can excuse it: no name server need hear of it.
        check_form(target)
    if target.literal is not None:
        known: Future[Sequence[str]] = Future()
        known.set_result([str(target.literal)])
        return target, known
    return target, _NAMES.submit(_looked_up, resolve, target)


def _looked_up(resolve: Resolve, target: Target) -> Sequence[str]:
    try:
        return resolve(target.host, target.port)
    except OSError:
        return []


def _allowed() -> Exceptions:
    return exceptions_of(tuple(settings.REVIEWHUB_EGRESS_ALLOW))


def _refusal(error: Exception) -> RefusedAddressError:
    """Return one refusal for whatever the look-up said.

    No host, no answer and a private address read alike: what our own network
    holds is nobody's to find out.
    """
    if isinstance(error, RefusedAddressError):
        return error
    return RefusedAddressError(NO_PUBLIC_ADDRESS)


class _Pinned(AbstractResolver):
    """Gives the addresses that were checked, and asks nobody."""

    def __init__(self, addresses: Sequence[IPAddress]) -> None:
        """Take the checked addresses."""
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the checked addresses in the form that aiohttp wants."""
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing to let go of."""


def _session(target: Target, addresses: Sequence[IPAddress]) -> aiohttp.ClientSession:
    # A connection of its own for each call: nothing is shared between merchants.
    connector = aiohttp.TCPConnector(
        resolver=_Pinned(addresses),
        use_dns_cache=False,
        force_close=True,
        ssl=_tls() if target.scheme == "https" else True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _capped(response: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    async for piece in response.content.iter_any():
        read += piece
        if len(read) >= ANSWER_BYTES:
            break
    return bytes(read[:ANSWER_BYTES])


def _words(failure: Exception) -> str:
    """Return why a connection failed, in a few words of ours."""
    if isinstance(failure, aiohttp.ServerTimeoutError):
        return f"timeout: no connection within {CONNECT_S:g} s"
    if isinstance(
        failure, ssl.SSLError | ssl.CertificateError | aiohttp.ClientSSLError
    ):
        return "tls: the certificate or the handshake is not right"
    if isinstance(failure, aiohttp.ClientConnectorError):
        return "connect: nothing answers there"
    return "broken: the connection ended before a whole answer"
