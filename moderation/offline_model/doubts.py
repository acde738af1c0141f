"""Finds words that stand near a forbidden thing, by topic.

A topic is no breach: it makes the model less sure. What is forbidden is said by the
rules; this list is broad on purpose, so that other wordings reach a person.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from moderation.offline_model.folding import fold_word
from moderation.offline_model.matcher import Sentence
from moderation.offline_model.rules import Finding, Rule, RuleSet

WEAK = " (perhaps)"
_TOYS = re.compile("toy|game|hobb|mainan|juguet|spiel|jouet|zabaw|juc|brinq", re.I)
_TOPICS = Path(__file__).parent / "doubts.toml"


class Topic(NamedTuple):
    """One topic that a listing touches, with the first words that do."""

    code: str
    name: str
    field: str
    quote: str
    is_weak: bool


def _rules(raw: dict[str, Any]) -> list[Rule]:
    """Return the rule of a topic's plain words and that of its weaker ones."""
    made = [_rule(raw)]
    if raw.get("weak"):
        made.append(_rule({**raw, "any": raw["weak"], "name": raw["name"] + WEAK}))
    return made


def _rule(raw: dict[str, Any]) -> Rule:
    terms = {
        slot: {language: tuple(words) for language, words in raw.get(slot, {}).items()}
        for slot in ("any", "with", "unless")
    }
    fields = frozenset(raw.get("fields", ("title", "description")))
    return Rule(raw["code"], raw["name"], "ask", fields, "sentence", False, "", terms)


@cache
def topic_rules() -> RuleSet:
    """Return the topics, compiled once per process."""
    data = tomllib.loads(_TOPICS.read_text(encoding="utf-8"))
    return RuleSet(rule for raw in data["topic"] for rule in _rules(raw))


@cache
def topic_codes() -> tuple[str, ...]:
    """Return the policy sections that have a topic, in order."""
    return tuple(dict.fromkeys(rule.code for rule in topic_rules().rules))


def topics(
    texts: Sequence[Sentence],
    languages: Sequence[str],
    native: frozenset[str],
    fields: Mapping[str, str],
) -> list[Topic]:
    """Return the topics that a listing touches, in the order of the policy."""
    found: dict[tuple[str, bool], list[Finding]] = {}
    for finding in topic_rules().apply(texts, languages, native):
        key = (finding.rule.code, finding.rule.name.endswith(WEAK))
        found.setdefault(key, []).append(finding)
    result = []
    for code, is_weak in sorted(found):
        if is_weak and (code, False) in found:
            continue
        places = found[code, is_weak]
        first = places[0]
        quote = fields[first.field][first.start : first.end]
        name = first.rule.name.removesuffix(WEAK)
        result.append(Topic(code, name, first.field, quote, is_weak))
    risky = _risky_level(fields["category"])
    if risky:
        result.append(Topic("P-606", "a risky category", "category", risky, False))
    return result


@cache
def _risky_levels() -> frozenset[str]:
    data = tomllib.loads(_TOPICS.read_text(encoding="utf-8"))
    return frozenset(
        fold_word(level) for levels in data["categories"].values() for level in levels
    )


def _risky_level(path: str) -> str:
    """Return the level of a category path that hardly anything may go live under."""
    levels = [level.strip() for level in path.split(">")]
    if levels and _TOYS.search(levels[0]):
        return ""
    return next((lv for lv in levels if fold_word(lv) in _risky_levels()), "")
