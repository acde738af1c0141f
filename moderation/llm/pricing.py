"""Tokens to integer micro-dollars, by model.

Decides what a call cost and what it may cost at most. List prices of the
providers; an installation passes its own table on top. No floats.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_PER = 1_000_000
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """Micro-dollars for a million tokens; one dollar a million is 1_000_000."""

    input_microusd: int
    cached_microusd: int
    output_microusd: int


FREE = Price(0, 0, 0)

PRICES: Mapping[str, Price] = MappingProxyType(
    {
        "reviewhub-offline-1": FREE,
        "gpt-4.1": Price(2_000_000, 500_000, 8_000_000),
        "gpt-4.1-mini": Price(400_000, 100_000, 1_600_000),
        "gpt-4.1-nano": Price(100_000, 25_000, 400_000),
        "gpt-4o": Price(2_500_000, 1_250_000, 10_000_000),
        "gpt-4o-mini": Price(150_000, 75_000, 600_000),
        "gpt-5": Price(1_250_000, 125_000, 10_000_000),
        "gpt-5-mini": Price(250_000, 25_000, 2_000_000),
        "gpt-5-nano": Price(50_000, 5_000, 400_000),
        "o3": Price(2_000_000, 500_000, 8_000_000),
        "o4-mini": Price(1_100_000, 275_000, 4_400_000),
    }
)

UNKNOWN = Price(2_500_000, 2_500_000, 10_000_000)
"""For a model without a row: the dearest of the table, so that a budget is never
overspent because a price is missing."""


def price_of(model: str, prices: Mapping[str, Price] = PRICES) -> Price:
    """Return the price of a model or of the family its snapshot belongs to."""
    for name in (model, _SNAPSHOT.sub("", model)):
        if name in prices:
            return prices[name]
    return UNKNOWN


def cost_microusd(
    price: Price, *, input_tokens: int, cached_tokens: int, output_tokens: int
) -> int:
    """Return the cost, rounded up. Cached tokens are a part of the input tokens."""
    cached = min(max(cached_tokens, 0), max(input_tokens, 0))
    total = (
        (max(input_tokens, 0) - cached) * price.input_microusd
        + cached * price.cached_microusd
        + max(output_tokens, 0) * price.output_microusd
    )
    return -(-total // _PER)


def estimate_tokens(characters: int) -> int:
    """Return about how many tokens a text has: four characters each, rounded up.

    A cap before the call, not a count: the provider's usage is the truth.
    """
    return -(-characters // 4)


def estimate_microusd(
    price: Price, *, input_characters: int, max_output_tokens: int
) -> int:
    """Return what a call costs when nothing is cached and the answer is longest."""
    return cost_microusd(
        price,
        input_tokens=estimate_tokens(input_characters),
        cached_tokens=0,
        output_tokens=max_output_tokens,
    )
