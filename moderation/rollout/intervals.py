"""Differences between two versions, each with an interval. Pure, standard library.

Sources: normal-mixture confidence sequence after Robbins 1970, in the form of Johari
et al.; square-and-add intervals after Newcombe 1998 and Zou and Donner 2008.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from moderation.evals.intervals import wilson

TAU = 0.02
Z = 1.959963984540054


class Difference(NamedTuple):
    """Candidate minus baseline, with the ends of a 95% interval."""

    value: float
    low: float
    high: float


def paired(n: int, worse: int, better: int, *, alpha: float = 0.05) -> Difference:
    """Return the difference of two error rates on the same n listings.

    Valid however often it is looked at, once n is beyond a few dozen.

    Args:
        n: listings judged by both and checked by a person.
        worse: candidate wrong, baseline right.
        better: the reverse.
        alpha: one minus the confidence.
    """
    if n <= 0:
        return Difference(0.0, -1.0, 1.0)
    value = (worse - better) / n
    # One disagreement more than was seen: none seen is not none possible.
    variance = max((worse + better + 1) / n - value * value, 1 / n)
    information = n / variance
    grown = 1 + TAU * TAU * information
    half = math.sqrt(
        2
        * grown
        / (TAU * information) ** 2
        * (math.log(1 / alpha) + math.log(grown) / 2)
    )
    return Difference(value, max(-1.0, value - half), min(1.0, value + half))


def of_shares(k_base: int, n_base: int, k_new: int, n_new: int) -> Difference:
    """Return the difference of two independent shares."""
    one, other = wilson(k_base, n_base), wilson(k_new, n_new)
    base, new = k_base / n_base if n_base else 0.0, k_new / n_new if n_new else 0.0
    return square_and_add((base, *one), (new, *other))


def square_and_add(
    base: tuple[float, float, float], new: tuple[float, float, float]
) -> Difference:
    """Return new minus base, from the value and interval of each."""
    value = new[0] - base[0]
    low = value - math.hypot(new[0] - new[1], base[2] - base[0])
    high = value + math.hypot(new[2] - new[0], base[0] - base[1])
    return Difference(value, low, high)


def mean(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean with its normal interval; nothing is known of no values."""
    n = len(values)
    if n == 0:
        return 0.0, 0.0, 0.0
    middle = math.fsum(values) / n
    spread = math.fsum((value - middle) ** 2 for value in values) / max(n - 1, 1)
    half = Z * math.sqrt(spread / n)
    return middle, middle - half, middle + half


def percentile(values: Sequence[float], share: float) -> tuple[float, float, float]:
    """Return a percentile with the order statistics that enclose it."""
    ranked = sorted(values)
    n = len(ranked)
    if n == 0:
        return 0.0, 0.0, 0.0
    half = Z * math.sqrt(n * share * (1 - share))

    def at(rank: float) -> float:
        return ranked[min(n - 1, max(0, math.ceil(rank) - 1))]

    return at(n * share), at(n * share - half), at(n * share + half)
