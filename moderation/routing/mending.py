"""Which fixes under a P clause need no person, and what they may change.

Pure. Only deletions of whole sentences around lone contact details and manual
links, of hashtags, and plain condition words are mended by the machine; every
other wording is a person's to judge (offline-model.md, how, 8).
"""

import re
from dataclasses import dataclass

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


def is_mended(fix: Fix, before: Content, after: Content) -> bool:
    """Tell whether the proposed content mends the fix by permitted means only.

    Args:
        fix: the finding.
        before: the content after the quality rules.
        after: what would be published.

    Returns:
        True for a condition set from the text (P-708), or for words that were
        only taken away (P-701, P-702, P-707) with the quoted ones gone.
    """
    if fix.code in CONDITION_CODES:
        return fix.field in {"condition", "title", "description"} and bool(
            after.condition and after.condition != before.condition
        )
    if fix.code not in DELETING_CODES or fix.field not in DELETABLE_FIELDS:
        return False
    old, new = getattr(before, fix.field), getattr(after, fix.field)
    quote = _squeezed(fix.quote)
    if not quote or not new or old == new:
        return False
    return quote not in _squeezed(new) and is_deletion(old, new)


def is_deletion(before: str, after: str) -> bool:
    """Tell whether the later text is the earlier one with words taken away."""
    words = iter(before.split())
    return all(any(word == other for other in words) for word in after.split())


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()
