"""Providers: who is asked first for a model, and who stands in."""

from moderation.llm.providers import (
    OFFLINE_MODEL,
    Provider,
    in_order_for,
    offline_provider,
)

HOUSE = Provider("house", "http://a/v1", "key-a")
SPARE = Provider("spare", "http://b/v1", "key-b")
OTHER = Provider("other", "http://c/v1", "key-c", model="another-2")
OFFLINE = offline_provider()


def test_providers_of_any_model_come_first_and_in_order() -> None:
    line = in_order_for("gpt-x", [HOUSE, SPARE, OTHER, OFFLINE])

    assert line == (HOUSE, SPARE, OTHER, OFFLINE)


def test_a_model_of_its_own_goes_to_none_that_does_not_know_it() -> None:
    assert in_order_for(OFFLINE_MODEL, [HOUSE, SPARE, OFFLINE]) == (OFFLINE,)
    assert in_order_for("another-2", [HOUSE, OFFLINE, OTHER]) == (OTHER, OFFLINE)


def test_keys_are_not_shown() -> None:
    assert "key-a" not in repr(HOUSE)
