"""Prices: integer arithmetic, rounded up, never too low for want of a row."""

from hypothesis import given
from hypothesis import strategies as st

from moderation.llm.pricing import (
    FREE,
    PRICES,
    UNKNOWN,
    Price,
    cost_microusd,
    estimate_microusd,
    estimate_tokens,
    price_of,
)

TOKENS = st.integers(0, 10**7)


def test_a_million_tokens_cost_the_price_per_million() -> None:
    price = Price(400_000, 100_000, 1_600_000)

    assert (
        cost_microusd(
            price, input_tokens=1_000_000, cached_tokens=500_000, output_tokens=250_000
        )
        == 200_000 + 50_000 + 400_000
    )


def test_a_part_of_a_micro_dollar_counts_as_one() -> None:
    price = Price(1, 1, 1)

    assert cost_microusd(price, input_tokens=1, cached_tokens=0, output_tokens=0) == 1
    assert cost_microusd(price, input_tokens=0, cached_tokens=0, output_tokens=0) == 0


def test_the_offline_model_is_free() -> None:
    assert price_of("reviewhub-offline-1") == FREE
    assert estimate_microusd(FREE, input_characters=10**6, max_output_tokens=10**6) == 0


def test_a_snapshot_costs_what_its_family_costs() -> None:
    assert price_of("gpt-4.1-mini-2025-04-14") == PRICES["gpt-4.1-mini"]


def test_an_unknown_model_costs_as_much_as_the_dearest() -> None:
    assert price_of("something-new") == UNKNOWN
    for price in PRICES.values():
        assert price.input_microusd <= UNKNOWN.input_microusd
        assert price.output_microusd <= UNKNOWN.output_microusd


def test_a_price_of_the_installation_wins() -> None:
    own = {**PRICES, "gpt-4.1": FREE}

    assert price_of("gpt-4.1-2025-04-14", own) == FREE


@given(TOKENS, TOKENS, TOKENS)
def test_caching_never_makes_a_call_dearer_and_cached_is_part_of_input(
    total: int, cached: int, out: int
) -> None:
    price = PRICES["gpt-4.1-mini"]
    cost = cost_microusd(
        price, input_tokens=total, cached_tokens=cached, output_tokens=out
    )
    plain = cost_microusd(price, input_tokens=total, cached_tokens=0, output_tokens=out)

    assert 0 <= cost <= plain


@given(st.integers(0, 10**6), st.integers(0, 10**5))
def test_an_estimate_is_never_below_what_so_many_characters_can_cost(
    characters: int, out: int
) -> None:
    price = PRICES["gpt-4.1-mini"]
    estimate = estimate_microusd(
        price, input_characters=characters, max_output_tokens=out
    )

    assert estimate >= cost_microusd(
        price,
        input_tokens=estimate_tokens(characters),
        cached_tokens=characters,
        output_tokens=out,
    )
