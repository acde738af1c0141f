"""Holds the category path against the goods that the title names.

Decides P-707 for categories, only where goods and path are plainly strangers. The
departments and who neighbours whom stand in departments.toml.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from moderation.offline_model.clauses import Clause, Ruling
from moderation.offline_model.goods import departments_of
from moderation.offline_model.matcher import tokenise

_DEPARTMENTS = Path(__file__).parent / "departments.toml"

# Under these paths a title names goods of the kin, or the path is wrong.
_KIN = {
    "phones": frozenset({"phones", "computers", "electronics"}),
    "computers": frozenset({"phones", "computers", "electronics"}),
    "automotive": frozenset({"automotive", "tools", "electronics", "lighting"}),
}
# A title that names a phone names what fits one: a case under phones is no stranger.
_PHONE = re.compile(
    r"\b(?:iphone|galaxy|xiaomi|redmi|huawei|oppo|vivo|realme|pixel|handphone|"
    r"smartphone|(?:mobile|cell) ?phone|airpods)\b",
    re.I,
)
_SPECIFIC = frozenset(_KIN) | {
    "electronics",
    "books",
    "music",
    "pets",
    "food",
    "furniture",
    "shoes",
    "beauty",
}


class _Store(NamedTuple):
    words: Mapping[str, frozenset[str]]
    neighbours: tuple[frozenset[str], ...]
    vague: frozenset[str]


@cache
def _store() -> _Store:
    data = tomllib.loads(_DEPARTMENTS.read_text(encoding="utf-8"))
    words: dict[str, set[str]] = {}
    for department, names in data["path_words"].items():
        for name in names:
            words.setdefault(name, set()).add(department)
    return _Store(
        {word: frozenset(found) for word, found in words.items()},
        tuple(frozenset(group) for group in data["neighbours"]),
        frozenset(data["vague"]),
    )


def judge_category(
    fields: Mapping[str, str], departments: frozenset[str], languages: Sequence[str]
) -> Ruling:
    """Return what P-707 says about a category path that plainly is of other goods.

    Only when all goods that the title names and all departments that the path names
    are strangers to each other; neighbours of one department store are not.
    """
    path = fields["category"]
    named = departments_of_path(path, languages)
    if not named:
        return Ruling()
    if named & departments or not departments:
        return Ruling()
    if "phones" in named and _PHONE.search(fields["title"]):
        return Ruling()
    if not _is_foreign_machine(named, departments):
        if _neighbours(named, departments):
            return Ruling()
        title = tokenise(fields["title"])[0]
        goods = {w for w in title if any(departments_of(w, c) for c in languages)}
        if len(goods) < 2 or len(departments) != 1 or not named <= _SPECIFIC:
            return Ruling()
    said = "The category does not seem to fit what the title names."
    return Ruling((Clause("P-707", "category", path[:500], "ask", said),))


def _is_foreign_machine(named: frozenset[str], departments: frozenset[str]) -> bool:
    """A path of phones, computers or cars alone, and a title of other goods."""
    kin = [_KIN[name] for name in named if name in _KIN]
    if not kin or not named <= frozenset.union(*kin):
        return False
    return not any(departments & group for group in kin)


def _neighbours(some: frozenset[str], others: frozenset[str]) -> bool:
    return any(some & group and others & group for group in _store().neighbours)


def departments_of_path(path: str, languages: Sequence[str]) -> frozenset[str]:
    """Return the departments that a category path names, in any of the languages."""
    store = _store()
    found: set[str] = set()
    for word in tokenise(path)[0]:
        found |= store.words.get(word, frozenset())
        if word not in store.vague:
            for language in languages:
                found |= departments_of(word, language)
    return frozenset(found)
