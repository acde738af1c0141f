"""The promise on the overview: how wrong the machine is, and how sure that is.

Turns the spot checks' figures into one plot, drawn by the template, and one verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from moderation.evals.spot_checks import Figures, Step, figures

TOP, FOOT = 8.0, 110.0
CHIPS = {
    "none": ("", "No check yet"),
    "early": ("", "Too early to say"),
    "kept": ("ready", "Kept"),
    "open": ("mend", "Not shown yet"),
    "broken": ("late", "Broken"),
}
# The axis ends at the first of these shares that holds promise and estimate.
TOPS = (0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.4, 0.6, 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the grid with its label."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The sequence of estimates on one width, as paths in drawing units."""

    end: float
    band: str
    line: str
    grid: tuple[Line, ...]
    promise_y: float
    last_x: float
    last_y: float

    @property
    def label_x(self) -> float:
        """Return where the words beside the plot begin."""
        return self.end + 7

    @property
    def promise_text_y(self) -> float:
        """Return the height of the promise's words, clear of the estimate's."""
        return round(self.promise_y + 4 - self._apart, 1)

    @property
    def last_text_y(self) -> float:
        """Return the height of the estimate's words, clear of the promise's."""
        return round(self.last_y + 4 + self._apart, 1)

    @property
    def _apart(self) -> float:
        """Return how far each moves from the other; what lies higher moves up."""
        if abs(self.promise_y - self.last_y) >= 14:
            return 0.0
        return 8.0 if self.promise_y <= self.last_y else -8.0


@dataclass(frozen=True, slots=True)
class Promise:
    """The card: its figures, its verdict and its two drawings."""

    figures: Figures
    chip: str
    word: str
    wide: Plot
    narrow: Plot

    @property
    def table(self) -> Sequence[Step]:
        """Return at most a dozen steps, the last among them, for the data table."""
        steps = self.figures.steps
        every = max(1, -(-len(steps) // 12))
        return steps[::-1][::every][::-1]


def promise(now: datetime) -> Promise:
    """Return whether the promise is kept, as the overview shows it."""
    found = figures(now, settings.REVIEWHUB_PROMISED_ERROR_RATE)
    chip, word = CHIPS[found.verdict]
    return Promise(found, chip, word, plot(found, 424), plot(found, 230))


def plot(found: Figures, end: float) -> Plot:
    """Lay the sequence out from x 34 to `end`, between the axis and the top."""
    steps = found.steps
    rate = max((step.rate for step in steps[-1:]), default=0.0)
    # Early steps may leave the plot above; the present estimate never does.
    wanted = max(found.promise * 1.8, rate * 1.15)
    top = next((share for share in TOPS if share >= wanted), 1.0)
    most = steps[-1].n if steps else 1

    def x(n: int) -> float:
        return round(34 + n / most * (end - 34), 1)

    def y(share: float) -> float:
        return round(FOOT - min(share, top) / top * (FOOT - TOP), 1)

    upper = [(x(s.n), y(s.upper)) for s in steps]
    lower = [(x(s.n), y(s.lower)) for s in steps]
    line = [(x(s.n), y(s.rate)) for s in steps]
    return Plot(
        end=end,
        band=_path([*upper, *reversed(lower)]) + "Z" if len(steps) > 1 else "",
        line=_path(line) if len(steps) > 1 else "",
        grid=tuple(
            Line(y(top * part / 2), _percent(top * part / 2)) for part in range(3)
        ),
        promise_y=y(found.promise),
        last_x=line[-1][0] if line else 34.0,
        last_y=line[-1][1] if line else FOOT,
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _percent(share: float) -> str:
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"
