"""What a moderator picked and typed on the review screen, as corrections.

Pure. A pick is a key; what it stands for is worked out from the screen again, so
a stale or forged page cannot publish a value that is not in the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moderation.review.fields import Field, typed_value
from moderation.review.screen import Screen
from moderation.states import TaskKind


@dataclass(frozen=True, slots=True)
class Picks:
    """The corrections, the fields not settled yet, and what was chosen for each."""

    corrections: dict[str, Any] = field(default_factory=dict)
    unsettled: tuple[Field, ...] = ()
    changed: tuple[str, ...] = ()


def picks_of(screen: Screen, post: Mapping[str, str]) -> Picks:
    """Return what a posted form settles and corrects."""
    corrections: dict[str, Any] = {}
    unsettled: list[Field] = []
    changed: list[str] = []
    for item in screen.fields:
        value = _chosen(item, post)
        if value is None:
            unsettled.append(item)
        elif value != item.value:
            corrections |= typed_value(item.name, value)
            changed.append(item.name)
    return Picks(corrections, tuple(unsettled), tuple(changed))


def _chosen(item: Field, post: Mapping[str, str]) -> str | None:
    """Return the value a field is to have; None while it is not settled."""
    typed = post.get(f"edit-{item.name}")
    if not item.is_doubtful:
        if typed is None:
            return item.value
        typed = typed.replace("\r\n", "\n").strip()
        return typed if typed != item.value.strip() else item.value
    pick = post.get(f"pick-{item.name}", "")
    for candidate in item.candidates:
        if pick == str(candidate.key):
            if not candidate.is_other:
                return candidate.value
            return (typed or "").replace("\r\n", "\n").strip() or None
    return None


@dataclass(frozen=True, slots=True)
class Hint:
    """Which field to settle first, and the keys that do."""

    label: str
    last: int
    more: int

    @property
    def article(self) -> str:
        """Return a or an before the field's name."""
        return "an" if self.label[:1] in "aeiou" else "a"


def hint_of(picks: Picks) -> Hint | None:
    """Return what to settle first; None when everything is settled."""
    if not picks.unsettled:
        return None
    first = picks.unsettled[0]
    return Hint(first.label.lower(), first.other_key, len(picks.unsettled) - 1)


def consequence(screen: Screen, picks: Picks) -> str:
    """Return one sentence on what approving would do, and to whom it is told."""
    if screen.task.kind == TaskKind.SPOT_CHECK:
        return _of_a_check(picks)
    if picks.unsettled:
        return _told(screen, picks)
    if picks.changed:
        names = " and ".join(picks.changed)
        return f"Approve publishes it with your {names}. {_told(screen, picks)}"
    return f"Approve publishes it as shown. {_told(screen, picks)}"


def _of_a_check(picks: Picks) -> str:
    if picks.changed:
        names = " and ".join(picks.changed)
        return f"Approve replaces what is live by it with your {names}."
    return "Approve if it may be live as it stands; else correct or reject it."


def _told(screen: Screen, picks: Picks) -> str:
    codes = list(dict.fromkeys(str(fix["code"]) for fix in screen.fixes))
    tidied = [f.label.lower() for f in screen.fields if f.is_changed]
    if codes:
        return f"The merchant is told what was mended under {' and '.join(codes)}."
    if tidied or picks.changed:
        return "The merchant sees what was tidied."
    return "The merchant is told it is live."
