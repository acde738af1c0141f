"""Which fixes under a P clause need no person, and what they may change.

Pure. Only deletions of whole sentences around lone contact details and manual
links, of hashtags, and plain condition words are mended by the machine; every
other wording is a person's to judge (offline-model.md, how, 8).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from moderation.content import Content

DELETING_CODES = frozenset({"P-701", "P-702", "P-707"})
CONDITION_CODES = frozenset({"P-708"})
DELETABLE_FIELDS = frozenset({"title", "description"})


@dataclass(frozen=True, slots=True)
class Fix:
    """One fix that a clause calls for: under which code, where, which words."""

    code: str
    field: str
    quote: str


def mended(fixes: Sequence[Fix], before: Content, after: Content) -> tuple[bool, ...]:
    """Tell for each fix whether the proposed content mends it by permitted means.

    Args:
        fixes: all findings that a fix is proposed for.
        before: the content after the quality rules.
        after: what would be published.

    Returns:
        True for a condition set from the text (P-708), or for words that were
        only taken away (P-701, P-702, P-707): the quoted ones are gone from
        every field, and whatever else went, went in one piece with a quote.
    """
    quotes = [_squeezed(fix.quote) for fix in fixes if fix.quote.strip()]
    published = _squeezed("\n".join(_texts(after)))
    return tuple(
        _is_mended(fix, before, after, quotes=quotes, published=published)
        for fix in fixes
    )


def _is_mended(
    fix: Fix, before: Content, after: Content, *, quotes: Sequence[str], published: str
) -> bool:
    if fix.code in CONDITION_CODES:
        return fix.field in {"condition", "title", "description"} and bool(
            after.condition and after.condition != before.condition
        )
    if fix.code not in DELETING_CODES or fix.field not in DELETABLE_FIELDS:
        return False
    old, new = getattr(before, fix.field), getattr(after, fix.field)
    quote = _squeezed(fix.quote)
    if not quote or not new or old == new or quote in published:
        return False
    return is_explained_deletion(old, new, quotes)


def is_explained_deletion(before: str, after: str, quotes: Sequence[str]) -> bool:
    """Tell whether the later text is the earlier one without the quoted pieces.

    Every run of words that went must hold one of the quotes (squeezed and
    case-folded), or be hashtags alone: a "not" that goes by itself turns a
    sentence round and is a person's to judge.
    """
    old, new = before.split(), after.split()
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    for kind, start, end, _, _ in matcher.get_opcodes():
        if kind == "equal":
            continue
        if kind != "delete":
            return False
        run = old[start:end]
        text = _squeezed(" ".join(run))
        if not any(quote in text for quote in quotes) and not all(
            word.startswith("#") for word in run
        ):
            return False
    return True


def _texts(content: Content) -> Iterator[str]:
    yield from (content.title, content.description, content.brand)
    for name, value in content.attributes.items():
        yield f"{name} {value}"


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()
