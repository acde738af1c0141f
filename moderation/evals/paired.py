"""Two versions on the same cases: how surely is one of them better?

Pure. b counts the cases that only the candidate got wrong, c those that only the
baseline did. Sources: McNemar's exact test; the mixture e-value of a fair coin.
"""

import math

_THETAS = (0.6, 0.7, 0.8)


def mcnemar(b: int, c: int) -> float:
    """Return the exact two-sided p-value of b against c; 1 where they never differ."""
    n, least = b + c, min(b, c)
    tail = sum(math.comb(n, i) for i in range(least + 1))
    return min(1.0, 2 * tail / (1 << n))


def log_e(b: int, c: int) -> float:
    """Return the log of the evidence that the candidate is worse; valid at any look.

    The mean over three alternatives of (2 theta)^b (2 (1 - theta))^c.
    """
    logs = [b * math.log(2 * t) + c * math.log(2 * (1 - t)) for t in _THETAS]
    most = max(logs)
    return most + math.log(math.fsum(math.exp(x - most) for x in logs) / len(logs))
