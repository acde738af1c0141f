"""Which addresses our servers may call out to; pure, so that it can be tested whole.

An address is read strictly and refused when two programs could read it differently.
What may be called: https on port 443 or 8443, to a host whose every address is on
the public internet. The installation's own list of exceptions lifts all of it.
Source: OWASP ASVS 5, 1.3.6; the IANA special-purpose address registries.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = frozenset({443, 8443})
MAX_URL = 2000  # characters, as the column holds
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/?#@]*\]|[^/?#@:\[\]]*)(?::(?P<port>\d{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# WHATWG URL, "ends in a number": browsers and libc read such a host as an address.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
# Names that stand for this machine or this network by convention.
_NEVER = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")
_IPV4_NOT_PUBLIC = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24"),
        *("192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    )
)
# Outside 2000::/3 nothing is public; inside, these carry another address or none:
# Teredo and the other protocol assignments, documentation, 6to4.
_IPV6_PUBLIC = ipaddress.IPv6Network("2000::/3")
_IPV6_NOT_PUBLIC = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48")
    + ("3fff::/20",)
)
NO_PUBLIC_ADDRESS = "This host cannot be reached from here: it has no public address."


class RefusedAddressError(ValueError):
    """The address is none that we call; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that has been read: what to call, before anything is known of it.

    Attributes:
        url: the address as it is called.
        scheme, host, port: its parts; an IPv6 host stands without brackets.
        literal: the host as an address, None where it is a name.
    """

    url: str
    scheme: str
    host: str
    port: int
    literal: IPAddress | None


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What an installation may call although it is not public."""

    hosts: frozenset[str]
    networks: tuple[Any, ...]

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.hosts or self.networks)

    def holds(self, address: IPAddress) -> bool:
        """Tell whether an address is in one of the networks."""
        return any(
            address.version == network.version and address in network
            for network in self.networks
        )


@lru_cache(maxsize=8)
def exceptions_of(allowed: tuple[str, ...]) -> Exceptions:
    """Return REVIEWHUB_EGRESS_ALLOW as hosts and networks."""
    hosts, networks = set(), []
    for word in allowed:
        try:
            networks.append(ipaddress.ip_network(word.strip("[]"), strict=False))
        except ValueError:
            hosts.add(word.lower())
    return Exceptions(frozenset(hosts), tuple(networks))


def read_url(url: str) -> Target:
    """Return an address's parts.

    Raises:
        RefusedAddressError: it is no plain http(s) address, or can be read in
            more than one way.
    """
    if len(url) > MAX_URL:
        raise RefusedAddressError(f"Keep the address under {MAX_URL:,} characters.")
    if any(not "!" <= letter <= "~" or letter in '\\"<>^`{|}' for letter in url):
        raise RefusedAddressError(
            "Write the address in plain ASCII letters without spaces or backslashes; "
            "an international name in its xn-- form."
        )
    found = _URL.fullmatch(url)
    if found is None:
        raise RefusedAddressError(_why_unreadable(url))
    scheme, host = found["scheme"].lower(), found["host"].lower()
    port = int(found["port"]) if found["port"] else {"http": 80, "https": 443}[scheme]
    if not 1 <= port <= 65535:
        raise RefusedAddressError("Give a port from 1 to 65535, or none.")
    literal = _literal(host)
    if literal is None:
        _check_name(host)
    return Target(url, scheme, host.strip("[]"), port, literal)


def judge(target: Target, addresses: Sequence[IPAddress], allowed: Exceptions) -> None:
    """Let an address pass, or say why not.

    Args:
        target: the address, read.
        addresses: every address that its host has; none of them may be private.
        allowed: the installation's exceptions.

    Raises:
        RefusedAddressError.
    """
    is_excepted = target.host in allowed.hosts
    if addresses and (is_excepted or all(map(allowed.holds, addresses))):
        return
    if not is_excepted:
        check_form(target)
    if not addresses:
        raise RefusedAddressError(NO_PUBLIC_ADDRESS)
    if not all(is_public(address) or allowed.holds(address) for address in addresses):
        raise RefusedAddressError(NO_PUBLIC_ADDRESS)


def check_form(target: Target) -> None:
    """Refuse what is wrong already before the host's addresses are known.

    Raises:
        RefusedAddressError.
    """
    if target.scheme != "https":
        raise RefusedAddressError("Use https, so that nobody on the way can read it.")
    if target.port not in PORTS:
        raise RefusedAddressError("Use port 443 or 8443.")
    if target.literal is None:
        labels = target.host.split(".")
        if len(labels) < 2 or any(
            target.host == name or target.host.endswith(f".{name}") for name in _NEVER
        ):
            raise RefusedAddressError(NO_PUBLIC_ADDRESS)
    elif not is_public(target.literal):
        raise RefusedAddressError(NO_PUBLIC_ADDRESS)


def is_public(address: IPAddress) -> bool:
    """Tell whether an address is one host on the public internet.

    An IPv6 address that carries an IPv4 one (mapped, compatible, NAT64, 6to4,
    Teredo) is not, whatever it carries: it would be a second way to say it.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(
            address in network for network in _IPV4_NOT_PUBLIC
        )
    return (
        address in _IPV6_PUBLIC
        and address.scope_id is None
        and address.is_global
        and not any(address in network for network in _IPV6_NOT_PUBLIC)
    )


def addresses_of(texts: Sequence[str]) -> list[IPAddress]:
    """Return addresses as a resolver gave them; a scope id stays and is refused."""
    return [ipaddress.ip_address(text) for text in dict.fromkeys(texts)]


def _literal(host: str) -> IPAddress | None:
    """Return a host that is an address in its one plain form, None for a name."""
    if host.startswith("["):
        text = host[1:-1]
        if "%" in text:
            raise RefusedAddressError("Leave out the zone of the address.")
        try:
            return ipaddress.IPv6Address(text)
        except ValueError:
            raise RefusedAddressError("This is no IPv6 address.") from None
    if not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return None
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        raise RefusedAddressError(
            "Write an address as four decimal numbers, such as 192.0.2.1."
        ) from None


def _check_name(host: str) -> None:
    if host.endswith("."):
        raise RefusedAddressError("Leave out the dot at the end of the host.")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, host.split("."))):
        raise RefusedAddressError("The host is no name of letters, digits and hyphens.")


def _why_unreadable(url: str) -> str:
    if not re.match(r"https?://", url, re.IGNORECASE):
        return "Begin the address with https://."
    if "@" in url.split("/", 3)[2]:
        return "Leave out the name and password before the host."
    if "#" in url:
        return "Leave out the part after #: it is never sent."
    return "This is no address that we can read."
