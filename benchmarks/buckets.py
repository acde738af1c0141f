"""How many buckets a core works out in a second of its time, beside the bare hash.

Measured in processor seconds, so that a busy machine does not count.
"""

import time
from collections.abc import Callable
from hashlib import sha256

from benchmarks.figures import Figure
from moderation.rollout.assign import bucket, is_on_candidate

NUMBER = 200_000
IDS = [str(number) for number in range(NUMBER)]
SALT = "0123456789abcdef" * 2


def measure(rounds: int) -> list[Figure]:
    """Alternate buckets with the bare hash; return both rates."""
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(rounds):
        rates["ours"].append(_rate(_buckets))
        rates["bare"].append(_rate(_hashes))
    return [
        Figure(
            "Buckets of merchants, in a second of one core",
            "a second",
            tuple(rates["ours"]),
            "200,000",
            "500,000",
            "a loop of bare SHA-256",
            tuple(rates["bare"]),
        )
    ]


def _rate(run: Callable[[], None]) -> float:
    began = time.process_time()
    run()
    return NUMBER / (time.process_time() - began)


def _buckets() -> None:
    for merchant in IDS:
        is_on_candidate(bucket(SALT, merchant), 25)


def _hashes() -> None:
    for merchant in IDS:
        sha256(f"{SALT}:{merchant}".encode()).digest()
