"""What may be called: one way to write an address, and public hosts alone."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.delivery.addresses import (
    Exceptions,
    RefusedAddressError,
    addresses_of,
    check_form,
    exceptions_of,
    is_public,
    judge,
    read_url,
)

NONE = exceptions_of(())
PUBLIC = addresses_of(["93.184.215.14"])

# Addresses that must never be called, whoever resolves their hosts to whatever.
REFUSED = (
    # Schemes, and what stands around a host.
    *("http://hooks.example.com/", "ftp://hooks.example.com/", "file:///etc/passwd"),
    *("gopher://hooks.example.com/", "//hooks.example.com/", "hooks.example.com"),
    *("https:hooks.example.com", "https:/hooks.example.com", "https://", "https:///x"),
    *("https://user@hooks.example.com/", "https://user:pass@hooks.example.com/"),
    *("https://hooks.example.com@127.0.0.1/", "https://127.0.0.1#@example.com/"),
    *("https://hooks.example.com\\@127.0.0.1/", "https://127.0.0.1\\.example.com/"),
    *(
        "https://exa mple.com/",
        "https://example.com/\r\nHost: x",
        "https://\t10.0.0.1/",
    ),
    # Ports.
    *("https://hooks.example.com:22/", "https://hooks.example.com:6379/"),
    *("https://hooks.example.com:80/", "https://hooks.example.com:0/"),
    *("https://hooks.example.com:99999/", "https://hooks.example.com:443:80/"),
    # This machine and this network, in each way to write them.
    *("https://127.0.0.1/", "https://127.1/", "https://2130706433/"),
    *("https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://0x7f000001/"),
    *("https://017700000001/", "https://127.0.0.1./", "https://localhost/"),
    *("https://localhost./", "https://LOCALHOST/", "https://api.localhost/"),
    *("https://0.0.0.0/", "https://0/", "https://[::1]/", "https://[::]/"),
    *("https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/"),
    *("https://100.64.0.1/", "https://169.254.169.254/latest/meta-data/"),
    *("https://metadata.google.internal/", "https://printer.local/", "https://db/"),
    *("https://224.0.0.1/", "https://255.255.255.255/", "https://192.0.0.192/"),
    *("https://198.18.0.1/", "https://203.0.113.9/", "https://240.0.0.1/"),
    # IPv6 that carries IPv4, and what is not of the public part.
    *("https://[::ffff:127.0.0.1]/", "https://[::ffff:8.8.8.8]/"),
    *("https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[2002:7f00:1::]/"),
    *("https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::a00:1]/"),
    *("https://[2001:0:7f00:1::]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/"),
    *("https://[fc00::1]/", "https://[fec0::1]/", "https://[ff02::1]/"),
    *("https://[2001:db8::1]/", "https://[2606:4700::1111%eth0]/", "https://[::1/"),
    # Names that only look like names.
    *("https://hooks.example.com./", "https://ⓛocalhost/", "https://１２７.0.0.1/"),
    *("https://127。0。0。1/", "https://exämple.com/", "https://a..b.com/"),
    *(
        "https://-a.example.com/",
        "https://a_b.example.com/",
        "https://%31%32%37.0.0.1/",
    ),
    *(f"https://{'a' * 64}.com/", f"https://hooks.example.com/{'x' * 2000}"),
)
ACCEPTED = (
    "https://hooks.example.com",
    "https://hooks.example.com/",
    "https://HOOKS.example.com/a%20path?key=1&b[]=2",
    "https://hooks.example.com:443/x",
    "https://hooks.example.com:8443/x",
    "https://xn--exmple-cua.com/",
    "https://93.184.215.14/x",
    "https://[2606:4700::1111]:8443/x",
)


def passed(url: str) -> None:
    """Let an address pass whose host, if it is a name, is public."""
    target = read_url(url)
    judge(target, [target.literal] if target.literal else PUBLIC, NONE)


@pytest.mark.parametrize("url", REFUSED)
def test_what_must_never_be_called_is_refused_wherever_it_leads(url: str) -> None:
    with pytest.raises(RefusedAddressError) as refused:
        passed(url)
    assert str(refused.value).endswith(".")


def test_the_table_is_as_long_as_the_threat() -> None:
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize("url", ACCEPTED)
def test_a_plain_public_address_passes(url: str) -> None:
    passed(url)


@pytest.mark.parametrize(
    "found",
    [
        [],
        ["127.0.0.1"],
        ["93.184.215.14", "10.0.0.1"],
        ["10.0.0.1", "93.184.215.14"],
        ["2606:4700::1111", "::1"],
        ["::ffff:93.184.215.14"],
        ["fe80::1%eth0"],
    ],
)
def test_every_address_of_a_name_must_be_public(found: list[str]) -> None:
    target = read_url("https://hooks.example.com/")
    with pytest.raises(RefusedAddressError):
        judge(target, addresses_of(found), NONE)


def test_a_named_exception_lifts_scheme_port_and_address() -> None:
    allowed = exceptions_of(("hooks.test", "10.1.0.0/16", "127.0.0.1", "::1"))
    assert allowed == Exceptions(frozenset({"hooks.test"}), allowed.networks)
    for url, found in (
        ("http://hooks.test:9000/x", ["10.9.9.9"]),
        ("http://127.0.0.1:9000/x", ["127.0.0.1"]),
        ("http://[::1]:9000/x", ["::1"]),
        ("http://sink.example.com/", ["10.1.2.3"]),
    ):
        judge(read_url(url), addresses_of(found), allowed)
    for url, found in (
        ("http://sink.example.com/", ["10.2.2.3"]),
        ("http://sink.example.com/", ["10.1.2.3", "93.184.215.14"]),
        ("https://sink.example.com/", ["10.2.2.3"]),
        ("http://127.0.0.2:9000/x", ["127.0.0.2"]),
    ):
        with pytest.raises(RefusedAddressError):
            judge(read_url(url), addresses_of(found), allowed)


@given(st.ip_addresses(v=4))
def test_no_private_ipv4_is_public(address: ipaddress.IPv4Address) -> None:
    private = not address.is_global or address.is_multicast or address.is_reserved
    assert not (private and is_public(address))


@given(st.ip_addresses(v=4))
def test_no_ipv6_that_carries_an_ipv4_is_public(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for carried in (
        ipaddress.IPv6Address(0xFFFF << 32 | number),
        ipaddress.IPv6Address(number),
        ipaddress.IPv6Address(0x64FF9B << 96 | number),
        ipaddress.IPv6Address(0x2002 << 112 | number << 80),
        ipaddress.IPv6Address(0x20010000 << 96 | number),
    ):
        assert not is_public(carried)


@given(st.ip_addresses(v=6))
def test_only_global_unicast_ipv6_is_public(address: ipaddress.IPv6Address) -> None:
    assert not is_public(address) or int(address) >> 125 == 1


@given(st.integers(min_value=0, max_value=2**32 - 1), st.sampled_from("dxo"))
def test_no_number_is_a_host(number: int, base: str) -> None:
    host = {"d": str(number), "x": hex(number), "o": f"0{number:o}"}[base]
    with pytest.raises(RefusedAddressError):
        read_url(f"https://{host}/")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://hooks.example.com{text}"):
        try:
            target = read_url(url)
            check_form(target)
        except RefusedAddressError:
            continue
        assert target.scheme == "https"
        assert target.port in (443, 8443)
        assert target.host.isascii()
