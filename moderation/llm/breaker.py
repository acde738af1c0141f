"""When calls to one provider go through: closed, open, half-open, and the ramp after.

A pure state machine over plain numbers, so that any store can hold it under a
compare-and-set. Time is passed in, in seconds since an epoch of the caller's choice.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self

from moderation.states import BreakerState


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When to stop calling and how to start again."""

    failures_to_open: int = 10
    """Failures in a row, or in the window when they are half of all calls."""
    window_s: float = 60.0
    open_s: float = 15.0
    """Time without calls before a probe; doubles with every failed probe."""
    open_max_s: float = 60.0
    probe_s: float = 60.0
    """A probe that says nothing for so long is given up and another one allowed."""
    ramp_s: float = 60.0
    """After recovery calls rise from a quarter of the steady rate to twice of it."""
    ramp_least_per_s: float = 1.0
    pause_max_s: float = 300.0
    """Longest pause that a provider's Retry-After may order."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether one call may go, and if not, when to ask again."""

    is_allowed: bool
    is_probe: bool = False
    because: Literal["", "open", "paused", "ramp"] = ""
    """Why not: it is down, it said Retry-After, or it recovers by and by. A yes
    with a reason holds for this one call; a plain yes may be kept for a moment."""
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is remembered of one provider. All zero: closed and without history."""

    in_a_row: int = 0
    window_at: float = 0.0
    window_calls: int = 0
    window_failures: int = 0
    steady_per_s: float = 0.0
    """Calls a second in the last full window before trouble."""
    open_until: float = 0.0
    """Above zero while open or half-open."""
    openings: int = 0
    probe_until: float = 0.0
    """Above zero while a probe is out."""
    ramp_at: float = 0.0
    """Above zero while calls are let through by and by."""
    ramp_tokens: float = 0.0
    ramp_seen_at: float = 0.0
    paused_until: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Return JSON-ready data for a store."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build from a store's data; unknown keys are ignored."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: data[name] for name in data if name in names})

    def state(self, now: float) -> BreakerState:
        """Return the state to show: open, half-open (a probe may go) or closed."""
        if self.open_until <= 0:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.open_until else BreakerState.HALF_OPEN


def allow(
    breaker: Breaker, policy: BreakerPolicy, now: float
) -> tuple[Breaker, Permission]:
    """Decide about one call and return what to remember.

    Open: no. Half-open: one probe at a time. Paused by the provider: no. In the
    ramp: as many as its rate has room for. Else yes.
    """
    if breaker.open_until > 0:
        if now < breaker.open_until:
            return breaker, _refused("open", breaker.open_until - now)
        if now < breaker.probe_until:
            return breaker, _refused("open", breaker.probe_until - now)
        probing = replace(breaker, probe_until=now + policy.probe_s)
        return probing, Permission(True, is_probe=True)
    if now < breaker.paused_until:
        return breaker, _refused("paused", breaker.paused_until - now)
    if breaker.ramp_at > 0:
        return _ramped(breaker, policy, now)
    return breaker, Permission(True)


def record(
    breaker: Breaker,
    policy: BreakerPolicy,
    now: float,
    *,
    ok: bool,
    is_probe: bool = False,
    retry_after_s: float | None = None,
    calls: int = 1,
) -> Breaker:
    """Return the breaker after one call ended, or several that ended alike.

    Args:
        ok: the provider answered, whatever the answer was worth.
        is_probe: the permission said so. While open only the probe counts: late
            ends of calls from before tell nothing new.
        retry_after_s: what the provider ordered; pauses every caller.
        calls: how many calls ended so.
    """
    if retry_after_s:
        until = now + min(retry_after_s, policy.pause_max_s)
        breaker = replace(breaker, paused_until=max(until, breaker.paused_until))
    if breaker.open_until > 0:
        if not is_probe:
            return breaker
        return _recovered(breaker, now) if ok else _opened(breaker, policy, now)
    breaker = _counted(breaker, policy, now, ok=ok, calls=calls)
    enough = policy.failures_to_open
    half = breaker.window_failures * 2 >= breaker.window_calls
    if breaker.in_a_row >= enough or (breaker.window_failures >= enough and half):
        return _opened(breaker, policy, now)
    return breaker


def _counted(
    breaker: Breaker, policy: BreakerPolicy, now: float, *, ok: bool, calls: int
) -> Breaker:
    """Count calls in the window; a window that ended gives the steady rate."""
    elapsed = now - breaker.window_at
    if breaker.window_at <= 0 or elapsed >= policy.window_s:
        steady = breaker.steady_per_s
        if breaker.window_at > 0 and breaker.ramp_at <= 0:
            steady = breaker.window_calls / max(elapsed, policy.window_s)
        breaker = replace(
            breaker,
            window_at=now,
            window_calls=0,
            window_failures=0,
            steady_per_s=steady,
        )
    return replace(
        breaker,
        in_a_row=0 if ok else breaker.in_a_row + calls,
        window_calls=breaker.window_calls + calls,
        window_failures=breaker.window_failures + (0 if ok else calls),
    )


def _opened(breaker: Breaker, policy: BreakerPolicy, now: float) -> Breaker:
    """Open, for longer after every probe that failed."""
    openings = breaker.openings + 1
    wait = min(policy.open_s * 2 ** min(openings - 1, 16), policy.open_max_s)
    steady = breaker.steady_per_s
    if steady <= 0 and breaker.window_at > 0:
        steady = breaker.window_calls / max(now - breaker.window_at, 1.0)
    return replace(
        breaker,
        open_until=now + wait,
        openings=openings,
        probe_until=0.0,
        ramp_at=0.0,
        steady_per_s=steady,
    )


def _recovered(breaker: Breaker, now: float) -> Breaker:
    """Close and start the ramp with one call."""
    return Breaker(
        steady_per_s=breaker.steady_per_s,
        openings=0,
        ramp_at=now,
        ramp_tokens=1.0,
        ramp_seen_at=now,
        paused_until=breaker.paused_until,
    )


def _ramped(
    breaker: Breaker, policy: BreakerPolicy, now: float
) -> tuple[Breaker, Permission]:
    """Let a call through when the ramp's rate has room; twice steady at its end."""
    age = now - breaker.ramp_at
    if age >= policy.ramp_s:
        return replace(breaker, ramp_at=0.0), Permission(True)
    share = 0.25 + 1.75 * max(age, 0.0) / policy.ramp_s
    rate = max(breaker.steady_per_s * share, policy.ramp_least_per_s)
    gained = max(now - breaker.ramp_seen_at, 0.0) * rate
    tokens = min(breaker.ramp_tokens + gained, max(rate, 1.0))
    if tokens < 1.0:
        held = replace(breaker, ramp_tokens=tokens, ramp_seen_at=now)
        return held, _refused("ramp", (1.0 - tokens) / rate)
    left = replace(breaker, ramp_tokens=tokens - 1.0, ramp_seen_at=now)
    return left, Permission(True, because="ramp")


def _refused(
    because: Literal["open", "paused", "ramp"], retry_after_s: float
) -> Permission:
    return Permission(False, because=because, retry_after_s=retry_after_s)
