"""Two runs over the same cases: what one broke, what it mended, by chance or not.

Pure. Source: McNemar 1947, exact form: a two-sided binomial test of the cases on
which the two disagree.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from moderation.evals.intervals import binomial_cdf


@dataclass(frozen=True, slots=True)
class Paired:
    """Where two runs part, by the keys of the cases.

    Attributes:
        broken: right before, wrong now.
        mended: wrong before, right now.
        both_wrong: wrong in both.
        p_value: how likely so uneven a split is by chance alone.
    """

    broken: tuple[int, ...]
    mended: tuple[int, ...]
    both_wrong: tuple[int, ...]
    p_value: float

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)


def compare(right_now: Mapping[int, bool], right_before: Mapping[int, bool]) -> Paired:
    """Compare two runs, each a case's key to whether it was right.

    Cases that only one of them has are left out.
    """
    both = [key for key in right_now if key in right_before]
    broken = tuple(k for k in both if right_before[k] and not right_now[k])
    mended = tuple(k for k in both if right_now[k] and not right_before[k])
    wrong = tuple(k for k in both if not right_now[k] and not right_before[k])
    return Paired(broken, mended, wrong, mcnemar(len(broken), len(mended)))


def mcnemar(b: int, c: int) -> float:
    """Return the exact two-sided p for b cases lost and c won; 1 without any.

    Raises:
        ValueError: a count is negative.
    """
    if b < 0 or c < 0:
        raise ValueError("Counts must not be negative.")
    return min(1.0, 2 * binomial_cdf(min(b, c), b + c, 0.5)) if b + c else 1.0
