"""Addresses: the proxy's word only where there is one; a home counts as one."""

import pytest
from pytest_django.fixtures import Settings

from moderation.access.addresses import NOWHERE, address_of, counted_as


def test_a_header_is_not_believed_without_a_proxy() -> None:
    meta = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
    assert address_of(meta) == "203.0.113.9"


def test_behind_a_proxy_the_last_hop_counts_not_the_visitors_own_words(
    settings: Settings,
) -> None:
    settings.REVIEWHUB_BEHIND_PROXY = True
    header = "10.0.0.1, 198.51.100.1"
    meta = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": header}
    assert address_of(meta) == "198.51.100.1"
    assert address_of({"REMOTE_ADDR": "127.0.0.1"}) == "127.0.0.1"


@pytest.mark.parametrize("given", [{}, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "a b"}])
def test_what_is_no_address_is_nowhere(given: dict[str, str]) -> None:
    assert address_of(given) == NOWHERE


def test_the_addresses_of_one_home_are_counted_together() -> None:
    assert counted_as("2001:db8:1:2::5") == counted_as("2001:db8:1:2:ffff::1")
    assert counted_as("2001:db8:1:3::5") != counted_as("2001:db8:1:2::5")
    assert counted_as("::ffff:203.0.113.9") == counted_as("203.0.113.9")
