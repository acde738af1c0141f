"""Reads the policy terms files and says which rules a listing breaks.

Decides only what the term lists say, one list per language, never merged. Knows
nothing of prices, contact details or the classifier.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from moderation.offline_model.matcher import (
    Matcher,
    Sentence,
    TermError,
    accented_words,
)

TERMS = Path(__file__).parent / "terms"
FIELDS = ("title", "description", "category", "attributes", "brand")
LANGUAGES = ("en", "id", "ms", "es", "de", "fr", "pl", "ro", "pt", "zh", "th", "vi")
ANYWHERE = "xx"
# In Vietnamese an accent makes another word: its terms are matched with accents.
_ACCENTED = "vi"
_ACTIONS = ("reject", "ask", "fix")
_SLOTS = ("any", "with", "unless")
# where `with` and `unless` must stand. "listing": `with` anywhere, `unless` in the
# title, the matched sentence or the next one; "anywhere": both anywhere, for
# rules about what a listing does not say and for very common words
_SCOPES = ("sentence", "listing", "anywhere")
_SHORT = 8  # sentences of a listing, all fields; more make a long text
# payload -> places: (sentence, first character, end, number of words)
Hits = dict[int, list[tuple[int, int, int, int]]]
_RULE_KEYS = {"name", "action", "fields", "scope", "explanation", *_SLOTS}


class TermsError(ValueError):
    """A terms file that cannot be used, with the file, the rule and the reason."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy section; `needs`: a term of `with` must stand by."""

    code: str
    name: str
    action: str
    fields: frozenset[str]
    scope: str
    needs: bool
    explanation: str
    terms: Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class TermsFile:
    """One policy section: its rules and its examples."""

    code: str
    path: Path
    rules: tuple[Rule, ...]
    look_alikes: tuple[Mapping[str, Any], ...]
    violations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired: tokens [start, end) of characters in the field's text."""

    rule: Rule
    language: str
    field: str
    start: int
    end: int
    sentence: int


def read_terms_file(path: Path) -> TermsFile:
    """Read and check one terms file; raises TermsError naming what is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TermsError(f"{path.name}: {error}") from error
    code = data.get("code", "")
    expected = f"P-{path.stem[1:4]}"
    if code != expected:
        raise TermsError(f"{path.name}: code is {code!r}, not {expected!r}")
    unknown = set(data) - {"code", "rule", "look_alike", "violation"}
    if unknown:
        raise TermsError(f"{path.name}: unknown keys {sorted(unknown)}")
    rules = tuple(_rule(path, code, raw) for raw in data.get("rule", []))
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        raise TermsError(f"{path.name}: rule names are not unique: {names}")
    examples = {
        kind: tuple(_example(path, kind, raw) for raw in data.get(kind, []))
        for kind in ("look_alike", "violation")
    }
    return TermsFile(code, path, rules, examples["look_alike"], examples["violation"])


def _rule(path: Path, code: str, raw: Mapping[str, Any]) -> Rule:
    name = raw.get("name")
    where = f"{path.name}: rule {name!r}"
    if not isinstance(name, str) or not name:
        raise TermsError(f"{path.name}: a rule has no name")
    if set(raw) - _RULE_KEYS:
        raise TermsError(f"{where}: unknown keys {sorted(set(raw) - _RULE_KEYS)}")
    action, scope = raw.get("action", "reject"), raw.get("scope", "sentence")
    if action not in _ACTIONS:
        raise TermsError(f"{where}: action {action!r} is not one of {_ACTIONS}")
    if scope not in _SCOPES:
        raise TermsError(f"{where}: scope {scope!r} is not one of {_SCOPES}")
    fields = frozenset(raw.get("fields", FIELDS))
    if fields - set(FIELDS):
        raise TermsError(f"{where}: unknown fields {sorted(fields - set(FIELDS))}")
    if not raw.get("any"):
        raise TermsError(f"{where}: has no [rule.any]")
    terms: dict[str, dict[str, tuple[str, ...]]] = {}
    for slot in _SLOTS:
        terms[slot] = {
            language: tuple(words) for language, words in raw.get(slot, {}).items()
        }
        if set(terms[slot]) - {*LANGUAGES, ANYWHERE}:
            odd = sorted(set(terms[slot]) - {*LANGUAGES, ANYWHERE})
            raise TermsError(f"{where}: unknown languages {odd}")
    needs = bool(terms["with"])
    return Rule(
        code, name, action, fields, scope, needs, raw.get("explanation", ""), terms
    )


def _example(path: Path, kind: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    if not raw.get("title") or raw.get("language") not in LANGUAGES:
        raise TermsError(
            f"{path.name}: a {kind} needs a title and a known language: {dict(raw)}"
        )
    return raw


class RuleSet:
    """The rules of many sections; one matcher per language, built when first used."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Number the rules and sort their terms by language."""
        self.rules = tuple(rules)
        self._payloads: list[tuple[int, str]] = []
        self._terms: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._matchers: dict[str, Matcher] = {}
        for number, rule in enumerate(self.rules):
            for slot, by_language in rule.terms.items():
                payload = len(self._payloads)
                self._payloads.append((number, slot))
                for language, terms in by_language.items():
                    self._terms[language].extend((term, payload) for term in terms)

    def _matcher(self, language: str) -> Matcher:
        """Return a language's matcher.

        Raises TermsError naming the rule of a term that cannot be used.
        """
        if language not in self._matchers:
            matcher = Matcher(str.casefold) if language == _ACCENTED else Matcher()
            for term, payload in self._terms.get(language, ()):
                try:
                    matcher.add(term, payload)
                except TermError as error:
                    rule = self.rules[self._payloads[payload][0]]
                    said = f"{rule.code} rule {rule.name!r}: {error}"
                    raise TermsError(said) from error
            self._matchers[language] = matcher
        return self._matchers[language]

    def check(self) -> None:
        """Build every language's matcher; raises TermsError as _matcher does."""
        for language in self._terms:
            self._matcher(language)

    def single_words(self, languages: Iterable[str]) -> set[str]:
        """Return the terms of one word, to look for them in disguise."""
        found: set[str] = set()
        for language in languages:
            found |= self._matcher(language).single_words
        return found

    def apply(
        self,
        texts: Sequence[Sentence],
        languages: Sequence[str],
        native: frozenset[str] = frozenset(),
    ) -> list[Finding]:
        """Return every rule that fires, one finding per place.

        `native` holds ordinary words of the listing's own language: an English term
        of a single such word does not count.
        """
        hits = {
            language: self._hits(texts, language)
            for language in dict.fromkeys((*languages, ANYWHERE))
        }
        found: list[Finding] = []
        for language in hits:
            # a term of every language is excused and completed by any of the listing's
            others = list(hits) if language == ANYWHERE else [ANYWHERE]
            beside = dict.fromkeys([language, *others])
            is_guest = language == "en" and languages[0] != "en"
            skip = native if is_guest else frozenset()
            # an English term in a text of another language is excused by that one's
            host = [hits[languages[0]]] if is_guest else []
            found.extend(
                self._fire(texts, language, [hits[name] for name in beside], host, skip)
            )
        return found

    def _hits(self, texts: Sequence[Sentence], language: str) -> Hits:
        """Return payload -> places, in characters of the field's text."""
        matcher = self._matcher(language)
        hits: Hits = defaultdict(list)
        for number, sentence in enumerate(texts):
            spans, words = sentence.spans, sentence.words
            if language == _ACCENTED:
                words = accented_words(sentence)
            for payload, first, last in matcher.find(words):
                hits[payload].append(
                    (number, spans[first][0], spans[last - 1][1], last - first)
                )
            for payload, start, end in matcher.find_substrings(sentence.text):
                at = sentence.start
                hits[payload].append((number, at + start, at + end, end - start))
        return hits

    def _fire(
        self,
        texts: Sequence[Sentence],
        language: str,
        hits: Sequence[Hits],
        host: Sequence[Hits],
        skip: frozenset[str],
    ) -> list[Finding]:
        """Fire the rules whose `any` stands in hits[0]; all hits complete or excuse.

        The hits of `host` only excuse.
        """
        found = []
        for payload, places in hits[0].items():
            number, slot = self._payloads[payload]
            if slot != "any":
                continue
            rule = self.rules[number]
            # payloads of a rule stand in the order any, with, unless
            beside = {place[0] for by in hits for place in by.get(payload + 1, ())}
            excuses = (*hits, *host)
            close, is_long = beside, False
            excused = {p[0] for by in excuses for p in by.get(payload + 2, ())}
            if rule.scope != "sentence":
                if rule.needs and not beside:
                    continue
                if _clears_all(rule, texts, excused):
                    continue
                close = beside
                is_long = len(texts) > _SHORT
                beside = set(range(len(texts)))
                # an excuse far down the text may not clear the whole listing
                excused |= {n + step for n in excused for step in (-1, 1)}
            for sentence, start, end, words in places:
                field = texts[sentence].field
                if field not in rule.fields or sentence in excused:
                    continue
                if rule.needs and sentence not in beside:
                    continue
                if is_long and _is_loose(rule, words, field) and sentence not in close:
                    continue
                if words == 1 and skip and _word_at(texts[sentence], start) in skip:
                    continue
                found.append(Finding(rule, language, field, start, end, sentence))
        return found


def _is_loose(rule: Rule, words: int, field: str) -> bool:
    """Say whether a question hangs on one word of a description and another one.

    In a long text two ordinary words that stand far apart say nothing together.
    """
    return (
        rule.needs
        and words == 1
        and rule.action == "ask"
        and rule.scope == "listing"
        and field == "description"
    )


def _clears_all(rule: Rule, texts: Sequence[Sentence], excused: set[int]) -> bool:
    """Say whether an excuse stands where it clears a listing as a whole."""
    if rule.scope == "anywhere":
        return bool(excused)
    return any(texts[number].field == "title" for number in excused)


def _word_at(sentence: Sentence, start: int) -> str:
    for word, span in zip(sentence.words, sentence.spans, strict=True):
        if span[0] == start:
            return word
    return ""


@cache
def terms_files() -> tuple[TermsFile, ...]:
    """Read every terms file once, in the order of the policy."""
    return tuple(read_terms_file(path) for path in sorted(TERMS.glob("p*.toml")))


@cache
def rule_set() -> RuleSet:
    """Return the rules of every section, compiled once per process."""
    return RuleSet(rule for file in terms_files() for rule in file.rules)
