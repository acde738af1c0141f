"""The notebook that one run of the standards writes into: what changed, what is wrong.

Knows nothing of single rules: each rule says what it did, here it is kept in order.
"""

from dataclasses import dataclass, field

from moderation.content import Change, Problem


@dataclass(slots=True)
class Notes:
    """What the standards did to one listing and what they could not do."""

    changes: list[Change] = field(default_factory=list)
    refusals: list[Problem] = field(default_factory=list)
    requests: list[Problem] = field(default_factory=list)
    asks: list[Problem] = field(default_factory=list)

    def changed(
        self, code: str, name: str, before: str, after: str, *, silent: bool = False
    ) -> str:
        """Keep one change of the field `name`, if it is one, and return `after`."""
        if before != after:
            self.changes.append(Change(code, name, before, after, silent))
        return after

    def refuse(self, code: str, name: str, message: str) -> None:
        """Keep a reason why the listing may not be taken in."""
        self.refusals.append(Problem(name, code, message))

    def request(self, code: str, name: str, message: str) -> None:
        """Keep something the merchant is asked to add; the listing may go live."""
        self.requests.append(Problem(name, code, message))

    def ask(self, code: str, name: str, message: str) -> None:
        """Keep something that only a person can settle."""
        self.asks.append(Problem(name, code, message))
