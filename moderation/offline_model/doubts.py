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
_BOOK_PATH = re.compile(
    r"\b(?:books?|buku|libros?|bücher|livres?|książki|cărți|livros?)\b", re.I
)
_PRINTED = re.compile(
    r"\b(?:books?|novel|hardback|hardcover|paperback|pages|buku|halaman|libro|novela|"
    r"tapa (?:dura|blanda)|páginas|\w*buch|roman|seiten|livre|broché|relié|książka|"
    r"powieść|oprawa|stron|carte|copertă|pagini|livro|capa (?:dura|mole))\b",
    re.I,
)
_NO_PRINT = re.compile(
    r"\b(?:pdf|e-?books?|downloads?|files?|scans?|unduh|descarga\w*|datei|"
    r"herunterladen|fichier|télécharge\w*|plik|pobrania|fișier|descărc\w*|arquivo|"
    r"baixar|how to (?:make|build|grow|cook)|step by step|recipes? for)\b",
    re.I,
)
# printed matter about a thing is not the thing: such topics count for less there
_SUBJECTS_OF_BOOKS = frozenset(
    {
        *("P-101", "P-102", "P-103", "P-104", "P-105", "P-106"),
        *("P-201", "P-202", "P-203", "P-206", "P-207"),
        *("P-501", "P-502", "P-503", "P-505"),
    }
)
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
    is_book = _is_book(fields)
    for code, is_weak in sorted(found):
        if is_weak and (code, False) in found:
            continue
        places = found[code, is_weak]
        first = places[0]
        quote = fields[first.field][first.start : first.end]
        name = first.rule.name.removesuffix(WEAK)
        is_subject = is_book and code in _SUBJECTS_OF_BOOKS
        result.append(Topic(code, name, first.field, quote, is_weak or is_subject))
    for table, is_weak in (("categories", False), ("weak_categories", True)):
        risky = _risky_level(fields["category"], table)
        if risky:
            found_in = "a risky category"
            result.append(Topic("P-606", found_in, "category", risky, is_weak))
            break
    return result


def _is_book(fields: Mapping[str, str]) -> bool:
    """Say whether path and text both speak of a printed book, and of no file."""
    text = f"{fields['title']}\n{fields['description']}"
    return bool(
        _BOOK_PATH.search(fields["category"])
        and _PRINTED.search(text)
        and not _NO_PRINT.search(text)
    )


@cache
def _risky_levels(table: str) -> frozenset[str]:
    data = tomllib.loads(_TOPICS.read_text(encoding="utf-8"))
    return frozenset(
        fold_word(level) for levels in data[table].values() for level in levels
    )


def _risky_level(path: str, table: str) -> str:
    """Return the level of a category path that a table of topics names."""
    levels = [level.strip() for level in path.split(">")]
    if levels and _TOYS.search(levels[0]):
        return ""
    return next((lv for lv in levels if fold_word(lv) in _risky_levels(table)), "")
