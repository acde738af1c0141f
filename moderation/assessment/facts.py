"""Whether a reworded text still says the same facts: numbers, units, brand.

Pure. Compares facts, never meaning; knows nothing of verdicts or policies.
"""

import re
from collections.abc import Sequence

from moderation.content import Problem

_NUMBER = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)*)\s*([^\W\d_]{1,5}|[%°″\"'])?")
_NO_SPACES = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts that do not part words by spaces: each character counts as a word."""
_WORD = re.compile(rf"[{_NO_SPACES}]|[^\W\d_{_NO_SPACES}]{{2,}}")
_SENTENCE = re.compile(r"(?<=[.!?。！？\n])\s+|\n+")
_UNIT_WORDS = """
mm cm dm m km in inch ft yd mg g kg oz lb lbs t ml cl dl l ltr litre liter w kw kwh v
mv kv a ma mah ah wh hz khz mhz ghz kb mb gb tb mp px dpi bar psi pa °c c f k s sec min
h hr hrs db lm lx nm rpm cc pcs pc pack pair set % ° ″ " '
"""
_UNITS = frozenset(_UNIT_WORDS.split())

Fact = tuple[str, str]


def facts_of(text: str) -> frozenset[Fact]:
    """Return the numbers of a text, each with its unit when it has a known one."""
    return frozenset(
        (number.replace(",", "."), unit if (unit := found.casefold()) in _UNITS else "")
        for number, found in _NUMBER.findall(text)
    )


def facts_survive(
    before: str,
    after: str,
    *,
    field: str = "",
    known: str = "",
    may_go: Sequence[str] = (),
    brand: str = "",
) -> tuple[Problem, ...]:
    """Return the facts that a rewording lost, changed or made up.

    Args:
        before: the text as it stood.
        after: the text proposed for it.
        field: what problems are filed under.
        known: further text of the listing from which facts may be taken.
        may_go: quotes of fixes; the sentences they stand in may vanish.
        brand: must stay when `before` names it.
    """
    problems = []
    had, has = facts_of(before), facts_of(after)
    known_facts = had | facts_of(known)
    known_numbers = {number for number, _ in known_facts}
    for number, unit in sorted(has - known_facts):
        if number not in known_numbers:
            message = "holds a number that the listing does not have"
            problems.append(Problem(field, "fact_added", message))
        elif unit:
            message = "gives a number a unit that the listing does not give it"
            problems.append(Problem(field, "unit_changed", message))
    kept = _without(before, may_go)
    numbers_left = {number for number, _ in has}
    if any(number not in numbers_left for number, _ in facts_of(kept)):
        message = "lost a number that no fix is about"
        problems.append(Problem(field, "fact_lost", message))
    if (
        brand
        and brand.casefold() in kept.casefold()
        and brand.casefold() not in after.casefold()
    ):
        problems.append(Problem(field, "brand_lost", "lost the brand"))
    return tuple(dict.fromkeys(problems))


def foreign_share(after: str, known: str) -> float:
    """Return the share of the words of `after` that `known` does not have."""
    words = [word.casefold() for word in _WORD.findall(after)]
    if not words:
        return 0.0
    there = {word.casefold() for word in _WORD.findall(known)}
    return sum(word not in there for word in words) / len(words)


def _without(text: str, may_go: Sequence[str]) -> str:
    if not may_go:
        return text
    quotes = [" ".join(quote.split()) for quote in may_go]
    return " ".join(
        sentence
        for sentence in _SENTENCE.split(text)
        if not any(
            quote in (line := " ".join(sentence.split())) or line in quote
            for quote in quotes
        )
    )
