"""One figure with its rounds, its anchor and its bars."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in which unit, beside which anchor."""

    name: str
    unit: str
    rounds: tuple[float, ...]
    floor: str = ""
    aim: str = ""
    anchor: str = ""
    anchor_rounds: tuple[float, ...] = ()

    def cells(self) -> list[str]:
        """Return the cells of its row."""
        low, middle, high = min(self.rounds), median(self.rounds), max(self.rounds)
        ratio = ""
        if self.anchor_rounds:
            ratio = f"{middle / median(self.anchor_rounds):.2f} of {self.anchor}"
            ratio += f" ({median(self.anchor_rounds):.3g} {self.unit})"
        return [
            self.name,
            f"{low:.3g} / **{middle:.3g}** / {high:.3g} {self.unit}",
            ratio,
            self.floor,
            self.aim,
        ]


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| what | least / middle / most | ratio to its anchor | floor | aim |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| {' | '.join(figure.cells())} |" for figure in figures]
    return "\n".join(lines)
