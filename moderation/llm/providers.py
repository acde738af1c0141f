"""Which providers there are, in which order, and which of them serve a model.

Plain values in, plain values out. Refuses to know settings, keys' origins and HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from moderation.llm.pricing import PRICES, Price

OFFLINE = "offline"
OFFLINE_MODEL = "reviewhub-offline-1"
OFFLINE_BASE_URL = "http://offline.invalid/v1"
"""Never resolved: calls to it stay in the process."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One endpoint that speaks the OpenAI protocol."""

    name: str
    base_url: str
    key: str = field(repr=False)
    model: str = ""
    """The only model it is asked for; empty: whatever the pipeline version pins."""
    accepted_models: tuple[str, ...] = ()
    """Names its replies may carry besides `model`, when it has a model."""
    is_in_process: bool = False
    """Reached without a socket: the offline model."""
    sends_temperature: bool = True
    """False for reasoning models that refuse the parameter."""
    length_parameter: Literal["max_completion_tokens", "max_tokens"] = (
        "max_completion_tokens"
    )
    strips_bounds: bool = False
    """True for servers that refuse minimum and maximum in a schema."""
    prices: Mapping[str, Price] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    """Prices that win over the list."""

    def price_table(self) -> Mapping[str, Price]:
        """Return the list prices with this provider's own on top."""
        return {**PRICES, **self.prices} if self.prices else PRICES


def offline_provider() -> Provider:
    """Return the provider that every installation has: the offline model."""
    return Provider(
        name=OFFLINE,
        base_url=OFFLINE_BASE_URL,
        key="offline",
        model=OFFLINE_MODEL,
        is_in_process=True,
    )


def in_order_for(model: str, providers: Sequence[Provider]) -> tuple[Provider, ...]:
    """Return the providers to ask for a model: the first is its own, the rest stand in.

    A provider with just that model comes first, and then those that take any model
    are left out, for they would not know it. Otherwise those that take any model
    come first, in order, and then every provider with another model of its own.
    """
    own = [p for p in providers if p.model == model]
    any_model = [p for p in providers if not p.model]
    others = [p for p in providers if p.model and p.model != model]
    return (*own, *others) if own else (*any_model, *others)
