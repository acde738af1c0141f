"""Exact binomial tails and intervals with the standard library alone.

Pure. Source: Clopper and Pearson 1934; tails by log-gamma, checked against
published vectors in the tests.
"""

import math

_STEPS = 200


def binomial_cdf(k: int, n: int, p: float) -> float:
    """Return P[Bin(n, p) <= k].

    Raises:
        ValueError: n is negative or p is no probability.
    """
    if n < 0 or not 0 <= p <= 1:
        raise ValueError("n must not be negative and p must be from 0 to 1.")
    if k < 0:
        return 0.0
    if k >= n or p == 0:
        return 1.0
    if p == 1:
        return 0.0
    lg, lp, lq = math.lgamma, math.log(p), math.log1p(-p)
    return min(
        1.0,
        math.fsum(
            math.exp(lg(n + 1) - lg(i + 1) - lg(n - i + 1) + i * lp + (n - i) * lq)
            for i in range(k + 1)
        ),
    )


def upper_bound(k: int, n: int, confidence: float = 0.95) -> float:
    """Return the one-sided Clopper-Pearson upper bound for k of n.

    With nothing observed nothing is known: n = 0 gives 1.
    """
    if n == 0 or k >= n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if binomial_cdf(k, n, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def wilson(k: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the two-sided Wilson interval for k of n; (0, 1) for n = 0.

    Source: Wilson 1927.
    """
    if n == 0:
        return 0.0, 1.0
    share = k / n
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    width = 1 + z * z / n
    return max(0.0, (centre - spread) / width), min(1.0, (centre + spread) / width)
