"""Knows the ordinary goods and the ordinary words of trade, by language.

Decides whether a word belongs to everyday listings and which department a thing
belongs to. Refuses to know the policy: an unknown word is only unknown.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from moderation.offline_model.folding import fold_word
from moderation.offline_model.language import stop_words
from moderation.offline_model.matcher import Sentence, tokenise

GOODS = Path(__file__).parent / "goods"
_VOWELS = "aeiouy"
_PREFIXES = (
    "meng",
    "peng",
    "mem",
    "men",
    "pem",
    "pen",
    "ber",
    "ter",
    "di",
    "me",
    "pe",
    "se",
    "ke",
)
_SHORTEST = 4


class Lexicon(NamedTuple):
    """Words of one language; `stems` lacks a last vowel, goods name departments."""

    words: frozenset[str]
    stems: frozenset[str]
    goods: Mapping[str, frozenset[str]]


class Familiar(NamedTuple):
    """How ordinary a listing's words are.

    `goods` counts title words that name ordinary goods, `strange` the words that no
    list knows; `worst` is the largest share of strange words in one sentence.
    """

    goods: int
    words: int
    strange: int
    worst: float
    title_words: int
    title_strange: int
    departments: frozenset[str]


def _fold_all(text: str) -> list[str]:
    return tokenise(text)[0]


@cache
def lexicons() -> Mapping[str, Lexicon]:
    """Read the goods files once: language -> its words."""
    found = {}
    for path in sorted(GOODS.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        goods: dict[str, set[str]] = {}
        for department, text in data["departments"].items():
            for word in _fold_all(text):
                goods.setdefault(word, set()).add(department)
        words = set(goods)
        for text in data["words"].values():
            words.update(_fold_all(text))
        words |= {w for w, codes in stop_words().items() if path.stem in codes}
        stems = {w[:-1] for w in words if len(w) > _SHORTEST and w[-1] in _VOWELS}
        found[path.stem] = Lexicon(
            frozenset(words),
            frozenset(stems),
            {word: frozenset(names) for word, names in goods.items()},
        )
    return found


@cache
def vocabulary() -> Mapping[str, tuple[str, ...]]:
    """Return ordinary word -> the languages that use it, to tell languages apart."""
    index: dict[str, list[str]] = {}
    for language, lexicon in lexicons().items():
        for word in lexicon.words:
            if len(word) >= _SHORTEST:
                index.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in index.items()}


@cache
def native_words(language: str) -> frozenset[str]:
    """Return the ordinary words of a language (empty without a list)."""
    lexicon = lexicons().get(language)
    return lexicon.words if lexicon else frozenset()


@lru_cache(maxsize=65536)
def base_form(word: str, language: str) -> str:
    """Return the listed word that this one is a form of, or ""."""
    lexicon = lexicons().get(language)
    if lexicon is None:
        return ""
    if word in lexicon.words:
        return word
    if language == "en" and word.endswith("ies") and word[:-3] + "y" in lexicon.words:
        return word[:-3] + "y"
    for cut in (1, 2, 3):
        rest = word[:-cut]
        if len(rest) < _SHORTEST - (cut == 1):
            break
        if rest in lexicon.words:
            return rest
        if rest in lexicon.stems:
            return next(rest + v for v in _VOWELS if rest + v in lexicon.words)
    if word in lexicon.stems:
        return next(word + v for v in _VOWELS if word + v in lexicon.words)
    if language in ("id", "ms"):
        for prefix in _PREFIXES:
            rest = word.removeprefix(prefix)
            if rest != word and len(rest) >= _SHORTEST:
                return base_form(rest, language)
    if language == "de":
        return _compound(word, lexicon)
    return ""


def _compound(word: str, lexicon: Lexicon) -> str:
    """Return the last part of a German compound of two listed words, or ""."""
    for cut in range(3, len(word) - 3):
        tail = word[cut:]
        if tail not in lexicon.words and tail[:-1] not in lexicon.words:
            continue
        head = word[:cut]
        heads = (head, head[:-1], head[:-2])
        if any(
            len(h) >= 3 and (h in lexicon.words or h in lexicon.stems) for h in heads
        ):
            return tail if tail in lexicon.words else tail[:-1]
    return ""


@lru_cache(maxsize=65536)
def departments_of(word: str, language: str) -> frozenset[str]:
    """Return the departments that a word names goods of."""
    base = base_form(word, language)
    lexicon = lexicons().get(language)
    return lexicon.goods.get(base, frozenset()) if lexicon and base else frozenset()


def is_known(word: str, languages: Sequence[str]) -> bool:
    """Say whether a word is ordinary in one of the languages; short ones are."""
    return (
        len(word) < 3
        or word[0].isdigit()
        or any(base_form(word, code) for code in languages)
    )


def familiar(
    texts: Sequence[Sentence], languages: Sequence[str], brand: str
) -> Familiar:
    """Say how ordinary a listing's words are, read in its own languages."""
    names = set(tokenise(fold_word(brand))[0])
    goods = words = strange = title_words = title_strange = 0
    worst = 0.0
    departments: set[str] = set()
    for sentence in texts:
        if sentence.field not in ("title", "description"):
            continue
        unknown = 0
        for word in sentence.words:
            if word in names:
                continue
            if not is_known(word, languages):
                unknown += 1
            elif sentence.field == "title":
                found = [departments_of(word, code) for code in languages]
                goods += any(found)
                departments.update(*found)
        words += len(sentence.words)
        strange += unknown
        if sentence.field == "title":
            title_words += len(sentence.words)
            title_strange += unknown
        if len(sentence.words) >= 4:
            worst = max(worst, unknown / len(sentence.words))
    return Familiar(
        goods, words, strange, worst, title_words, title_strange, frozenset(departments)
    )
