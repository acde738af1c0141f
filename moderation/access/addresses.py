"""Where a request came from, as limits count it and lists show it.

Believes the proxy's header only where the installation says that there is one.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings

NOWHERE = "0.0.0.0"  # a socket file has no address
_OF_ONE_HOME = 64  # bits of an IPv6 address that one customer is given


def address_of(meta: Mapping[str, Any]) -> str:
    """Return the visitor's address; `meta` is a request's META.

    Behind a proxy it is the last entry of X-Forwarded-For, which that proxy
    appended itself; the entries before it are the visitor's own words.
    """
    given = str(meta.get("REMOTE_ADDR") or "")
    if settings.REVIEWHUB_BEHIND_PROXY:
        given = str(meta.get("HTTP_X_FORWARDED_FOR") or given).rsplit(",", 1)[-1]
    try:
        return str(ipaddress.ip_address(given.strip()))
    except ValueError:
        return NOWHERE


def counted_as(address: str) -> str:
    """Return what a limit counts an address under: IPv6 by the home's network.

    Whoever has one IPv6 address has 2**64 of them.
    """
    found = ipaddress.ip_address(address)
    if found.version == 4:
        return str(found)
    mapped = getattr(found, "ipv4_mapped", None)
    if mapped is not None:
        return str(mapped)
    return str(ipaddress.ip_network((found, _OF_ONE_HOME), strict=False))
