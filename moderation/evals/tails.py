"""Beta and gamma probabilities and their quantiles, with the standard library alone.

Pure. Exact to about 1e-12: a continued fraction and a series, then bisection down to
neighbouring floats. Sources: Abramowitz and Stegun 6.5.29, 26.5.8; Lentz 1976.
"""

import math
from collections.abc import Callable

_TINY, _PRECISE, _TERMS, _HALVINGS = 1e-300, 1e-16, 20_000, 400


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return P[Beta(a, b) <= x] for positive a and b."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    lg = math.lgamma
    front = math.exp(lg(a + b) - lg(a) - lg(b) + a * math.log(x) + b * math.log1p(-x))
    # The fraction converges fast on this side of the mean; the other is its mirror.
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1.0 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    h = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _away(1 + even * d), _away(1 + even / c)
        h *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _away(1 + odd * d), _away(1 + odd / c)
        h *= d * c
        if abs(d * c - 1) < _PRECISE:
            break
    return h


def gamma_cdf(x: float, shape: float) -> float:
    """Return P[Gamma(shape, scale 1) <= x] for a positive shape."""
    if x <= 0:
        return 0.0
    front = math.exp(-x + shape * math.log(x) - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        for n in range(1, _TERMS):
            term *= x / (shape + n)
            total += term
            if term < total * _PRECISE:
                break
        return min(1.0, front * total)
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / _away(b)
    h = d
    for n in range(1, _TERMS):
        step = -n * (n - shape)
        b += 2
        d, c = 1 / _away(step * d + b), _away(b + step / c)
        h *= d * c
        if abs(d * c - 1) < _PRECISE:
            break
    return max(0.0, 1.0 - front * h)


def _away(value: float) -> float:
    """Return a value that may be divided by."""
    return value if abs(value) > _TINY else _TINY


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return the x at which P[Beta(a, b) <= x] is p."""
    return bisect(lambda x: beta_cdf(x, a, b) < p, 0.0, 1.0)


def chi2_quantile(p: float, freedom: float) -> float:
    """Return the p-quantile of chi-squared; its freedom may be a fraction."""
    shape = freedom / 2
    high = max(1.0, shape)
    while gamma_cdf(high, shape) < p:
        high *= 2
    return 2 * bisect(lambda x: gamma_cdf(x, shape) < p, 0.0, high)


def bisect(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Return where a rising function crosses, to the nearest float."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if is_below(middle):
            low = middle
        else:
            high = middle
    return high
