"""Two prompts side by side: what is the same is folded, what differs shown by word.

Pure: texts in, spans out; a template escapes every part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from moderation.web.spans import Span, diff_words

# Beyond so many differing lines a line matcher is too slow; nobody reads that either.
MAX_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Side:
    """One line on one side; number 0 where the side has none."""

    number: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of each side."""

    left: Side
    right: Side


@dataclass(frozen=True, slots=True)
class Fold:
    """A run of lines that is the same on both sides."""

    first: int
    last: int
    text: str

    @property
    def count(self) -> int:
        """Return how many lines are folded."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class PromptDiff:
    """The difference of two prompts.

    Attributes:
        prefix: the shared beginning, which a provider may have cached.
        parts: what follows, in order.
        added, removed: words.
        keeps_prefix: whether the first prompt is the beginning of the second.
    """

    prefix: Fold | None
    parts: tuple[Pair | Fold, ...]
    added: int
    removed: int
    keeps_prefix: bool

    @property
    def is_same(self) -> bool:
        """Whether the two read alike."""
        return not self.parts


def diff_prompts(before: str, after: str) -> PromptDiff:
    """Return what differs between two prompts."""
    old, new = before.splitlines(), after.splitlines()
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    prefix = Fold(1, head, "\n".join(old[:head])) if head else None
    rest_old, rest_new = old[head:], new[head:]
    parts: list[Pair | Fold] = []
    whole = ("replace", 0, len(rest_old), 0, len(rest_new))
    blocks: Sequence[tuple[str, int, int, int, int]]
    if max(len(rest_old), len(rest_new)) > MAX_LINES:
        blocks = [whole]
    else:
        blocks = SequenceMatcher(None, rest_old, rest_new, autojunk=False).get_opcodes()
    for kind, i1, i2, j1, j2 in blocks:
        if kind == "equal":
            text = "\n".join(rest_new[j1:j2])
            parts.append(Fold(head + j1 + 1, head + j2, text))
        else:
            parts += _pairs(rest_old[i1:i2], rest_new[j1:j2], head + i1, head + j1)
    spans = [
        s for p in parts if isinstance(p, Pair) for s in (*p.left.spans, *p.right.spans)
    ]
    return PromptDiff(
        prefix,
        tuple(parts),
        sum(len(span.text.split()) for span in spans if span.kind == "ins"),
        sum(len(span.text.split()) for span in spans if span.kind == "del"),
        after.startswith(before) and after != before,
    )


def _pairs(old: list[str], new: list[str], i: int, j: int) -> list[Pair]:
    pairs = []
    for place in range(max(len(old), len(new))):
        left = old[place] if place < len(old) else None
        right = new[place] if place < len(new) else None
        if not (left or right):
            continue
        if left is not None and right is not None:
            spans = diff_words(left, right)
        elif left is not None:
            spans = (Span("del", left),)
        else:
            spans = (Span("ins", right or ""),)
        pairs.append(
            Pair(
                Side(
                    i + place + 1 if left is not None else 0,
                    tuple(span for span in spans if span.kind != "ins"),
                ),
                Side(
                    j + place + 1 if right is not None else 0,
                    tuple(span for span in spans if span.kind != "del"),
                ),
            )
        )
    return pairs
