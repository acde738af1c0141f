"""The values that every judge of the offline model gives back.

Decides nothing. A clause is one policy section with the words that called for it.
"""

from typing import NamedTuple


class Clause(NamedTuple):
    """One policy section that calls for an action; `quote` stands in the listing."""

    code: str
    field: str
    quote: str
    action: str
    explanation: str


class Cut(NamedTuple):
    """Characters [start, end) of a field's text that a fix removes."""

    field: str
    start: int
    end: int


class Ruling(NamedTuple):
    """What one judge found: clauses, words to remove, and what it is unsure about."""

    clauses: tuple[Clause, ...] = ()
    cuts: tuple[Cut, ...] = ()
    doubts: tuple[str, ...] = ()
