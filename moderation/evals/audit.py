"""How much of what the machine approved was wrong, from an equal-probability sample.

Pure. One stratum (one sampling probability) has the exact binomial interval, several
have the gamma interval on their weights. Refuses to guess: what nobody looked at may
be anything. Sources: Clopper and Pearson 1934; Horvitz and Thompson 1952; Fay and
Feuer 1997; Robbins 1970 for the sequence that may be read on any day.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from moderation.evals.tails import beta_quantile, bisect, chi2_quantile


@dataclass(frozen=True, slots=True)
class Stratum:
    """Auto-approvals drawn from with one probability.

    Attributes:
        size: how many there were, looked at or not.
        n: how many of them a person looked at.
        wrong: how many of those were wrong.
    """

    size: int
    n: int
    wrong: int

    def __post_init__(self) -> None:
        """Refuse counts that cannot be.

        Raises:
            ValueError.
        """
        if not 0 <= self.wrong <= self.n <= self.size:
            raise ValueError("A stratum needs 0 <= wrong <= n <= size.")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its bounds, each of which fails with probability delta at most.

    `estimate` is None where nothing was looked at.
    """

    estimate: float | None
    lower: float
    upper: float


def false_approval_rate(strata: Sequence[Stratum], delta: float = 0.05) -> Estimate:
    """Return the share of auto-approvals that is wrong, with one-sided bounds.

    Args:
        strata: one a sampling probability; those of size 0 are left out.
        delta: the risk of each bound; 0.025 makes a two-sided 95% interval.

    A stratum of which nothing was looked at counts as anything from all right to
    all wrong in the bounds, and not at all in the estimate.

    Raises:
        ValueError: delta is not between 0 and 1.
    """
    if not 0 < delta < 1:
        raise ValueError("delta must lie between 0 and 1.")
    some = [stratum for stratum in strata if stratum.size]
    seen = [stratum for stratum in some if stratum.n]
    if not seen:
        return Estimate(None, 0.0, 1.0)
    known = sum(s.size for s in seen) / sum(s.size for s in some)
    if len(seen) == 1:
        (one,) = seen
        found = Estimate(one.wrong / one.n, *clopper_pearson(one.wrong, one.n, delta))
    else:
        found = _weighted(seen, delta)
    upper = min(1.0, found.upper * known + (1 - known))
    return Estimate(found.estimate, found.lower * known, upper)


def clopper_pearson(wrong: int, n: int, delta: float) -> tuple[float, float]:
    """Return the exact bounds of a binomial rate, each at risk delta."""
    lower = beta_quantile(delta, wrong, n - wrong + 1) if wrong else 0.0
    upper = beta_quantile(1 - delta, wrong + 1, n - wrong) if wrong < n else 1.0
    return lower, upper


def _weighted(strata: Sequence[Stratum], delta: float) -> Estimate:
    """Return the post-stratified rate with the interval of Fay and Feuer."""
    total = sum(stratum.size for stratum in strata)
    weights = [stratum.size / (total * stratum.n) for stratum in strata]
    pairs = list(zip(weights, (s.wrong for s in strata), strict=True))
    y = math.fsum(w * k for w, k in pairs)
    v = math.fsum(w * w * k for w, k in pairs)
    most = max(weights)
    spread, centre = v + most * most, y + most
    upper = spread / (2 * centre) * chi2_quantile(1 - delta, 2 * centre**2 / spread)
    lower = v / (2 * y) * chi2_quantile(delta, 2 * y * y / v) if v else 0.0
    return Estimate(y, lower, min(1.0, upper))


def horvitz_thompson(seen: Sequence[tuple[bool, float]], population: int) -> float:
    """Return the share of a population that is wrong, by inverse probabilities.

    Args:
        seen: for each one looked at, whether it was wrong and its probability.
        population: how many there were to draw from.
    """
    return math.fsum(1 / q for wrong, q in seen if wrong) / population


def hajek(seen: Sequence[tuple[bool, float]]) -> float:
    """Return the same where the population's size is not known: a ratio of weights."""
    weight = math.fsum(1 / q for _, q in seen)
    return math.fsum(1 / q for wrong, q in seen if wrong) / weight


def sequence(wrong: int, n: int, alpha: float = 0.05) -> tuple[float, float]:
    """Return the two-sided interval that stays valid however often it is looked at.

    Robbins' mixture over a uniform prior: rates whose likelihood is not below alpha
    times the mixture's. Nothing looked at gives (0, 1).
    """
    if n == 0:
        return 0.0, 1.0
    mixture = math.lgamma(wrong + 1) + math.lgamma(n - wrong + 1) - math.lgamma(n + 2)

    def is_out(p: float) -> bool:
        if p <= 0:
            return wrong > 0
        if p >= 1:
            return wrong < n
        likelihood = wrong * math.log(p) + (n - wrong) * math.log1p(-p)
        return mixture - likelihood > -math.log(alpha)

    best = wrong / n
    lower = bisect(is_out, 0.0, best) if wrong else 0.0
    upper = bisect(lambda p: not is_out(p), best, 1.0) if wrong < n else 1.0
    return lower, upper


def checks_needed(promise: float, delta: float = 0.05) -> int:
    """Return how many checks without an error keep a promise; fewer can say nothing.

    149 for 2% at 95%: the smallest n with (1 - promise)^n <= delta.
    """
    return math.ceil(math.log(delta) / math.log1p(-promise) - 1e-9)
