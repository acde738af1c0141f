"""Finds phrases in token lists: exact words, wildcards, numbers and gaps.

Decides where a term stands; refuses to know what a term is for. One dictionary
look-up a token, so the cost grows with the text and not with the lists.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from moderation.offline_model.folding import fold_word

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_](?:[^\W_]|[\u0300-\u036f])*")
_SENTENCE_END = re.compile(
    r"[\n\r]+|(?<=[.!?…])\s+|(?<=[。！？；])|\s[•·▪●★✅✔|]\s|;\s"
)
_ABBREVIATION = re.compile(
    r"(?:^|\W)(?:tel|telp|mob|ph|ext|nr|no|str|ul|jl|st|ca|approx|mr|mrs|dr|bzw|av)\.$",
    re.I,
)
_GAP = re.compile(r"\{(\d)-(\d)\}")
_SUBSTRING_SCRIPT = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_KEY_LENGTH = 4
_MOST_KNOWN = 20_000


class TermError(ValueError):
    """A term that cannot be matched, with the reason."""


class Sentence(NamedTuple):
    """One sentence of one field; spans point into that field's text."""

    field: str
    text: str
    start: int
    words: list[str]
    spans: list[tuple[int, int]]


class Kind(IntEnum):
    """How one part of a term matches a token."""

    EXACT = 0
    PREFIX = 1
    SUFFIX = 2
    INFIX = 3
    ANY = 4
    NUMBER = 5
    GAP = 6


class Part(NamedTuple):
    """One part of a term: a word, a wildcard, or a gap of `low` to `high` words."""

    kind: Kind
    text: str = ""
    low: int = 0
    high: int = 0


Terms = list[tuple[tuple[Part, ...], int]]


class Hit(NamedTuple):
    """Where a term was found: tokens [start, end) of one sentence."""

    payload: int
    start: int
    end: int


def tokenise(
    text: str, fold: Callable[[str], str] = fold_word
) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the folded words of a text and where each stands in it."""
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text):
        words.append(fold(match.group()))
        spans.append(match.span())
    return words, spans


def accented_words(sentence: Sentence) -> list[str]:
    """Return a sentence's words with their accents, one for each folded word."""
    text = unicodedata.normalize("NFC", sentence.text)
    words, _ = tokenise(text, str.casefold)
    return words if len(words) == len(sentence.words) else sentence.words


def sentences(field: str, text: str) -> list[Sentence]:
    """Split a field's text into sentences, each with its folded words."""
    found = []
    start = 0
    for end_match in [*_SENTENCE_END.finditer(text), None]:
        end = len(text) if end_match is None else end_match.start()
        if (
            end_match
            and "\n" not in end_match.group()
            and _ABBREVIATION.search(text[max(0, end - 8) : end])
        ):
            continue
        piece = text[start:end]
        if piece.strip():
            words, spans = tokenise(piece)
            shifted = [(a + start, b + start) for a, b in spans] if start else spans
            found.append(Sentence(field, piece, start, words, shifted))
        start = end if end_match is None else end_match.end()
    return found


def is_substring_term(term: str) -> bool:
    """Say whether a term is of a script without spaces and matches as a substring."""
    return bool(_SUBSTRING_SCRIPT.search(term))


def parse_term(term: str, fold: Callable[[str], str] = fold_word) -> tuple[Part, ...]:
    """Turn the written form of a term into parts.

    Raises TermError for an empty term and for one that begins or ends with a gap.
    """
    parts: list[Part] = []
    for word in term.split():
        if word.isascii() and word.isalpha():
            parts.append(Part(Kind.EXACT, word.lower()))
            continue
        gap = _GAP.fullmatch(word)
        if gap:
            parts.append(Part(Kind.GAP, "", int(gap[1]), int(gap[2])))
        elif word == "_":
            parts.append(Part(Kind.ANY))
        elif word == "#":
            parts.append(Part(Kind.NUMBER))
        else:
            parts.extend(_word_parts(word, fold))
    if not parts:
        raise TermError(f"{term!r} has no word")
    for edge in (parts[0], parts[-1]):
        if edge.kind in (Kind.GAP, Kind.ANY):
            raise TermError(f"{term!r} begins or ends with a gap")
    return tuple(parts)


def _word_parts(word: str, fold: Callable[[str], str]) -> list[Part]:
    inner = word.strip("*")
    if "*" in inner:
        raise TermError(f"{word!r} has a star inside")
    tokens, _ = tokenise(inner, fold)
    if not tokens:  # a sign such as % or & is no token in a text either
        return []
    parts = [Part(Kind.EXACT, token) for token in tokens]
    opened, closed = word.startswith("*"), word.endswith("*")
    if opened and closed and len(parts) == 1:
        return [Part(Kind.INFIX, tokens[0])]
    if opened:
        parts[0] = Part(Kind.SUFFIX, tokens[0])
    if closed:
        parts[-1] = Part(Kind.PREFIX, tokens[-1])
    return parts


def _fits(part: Part, word: str) -> bool:
    match part.kind:
        case Kind.EXACT:
            return word == part.text
        case Kind.PREFIX:
            return word.startswith(part.text)
        case Kind.SUFFIX:
            return word.endswith(part.text)
        case Kind.INFIX:
            return part.text in word
        case Kind.NUMBER:
            return word[:1].isdigit()
        case _:
            return True


def match_at(
    parts: Sequence[Part], words: Sequence[str], at: int, part: int = 0
) -> int:
    """Return where a term that begins at a token ends, or -1 when it does not match."""
    for index in range(part, len(parts)):
        this = parts[index]
        if this.kind is Kind.GAP:
            for skip in range(this.low, this.high + 1):
                end = match_at(parts, words, at + skip, index + 1)
                if end >= 0:
                    return end
            return -1
        if at >= len(words) or not _fits(this, words[at]):
            return -1
        at += 1
    return at


class _Following:
    """The terms that begin with one word, sorted by what must stand after it.

    Hundreds of terms begin with words such as "the" or "no": looking for a word
    that they need leaves a handful to try.
    """

    __slots__ = ("_after", "_others", "_singles")

    def __init__(self) -> None:
        self._singles: list[int] = []
        self._after: dict[str, Terms] = {}
        self._others: dict[str, Terms] = {}

    def add(self, parts: tuple[Part, ...], payload: int) -> None:
        if len(parts) == 1:
            self._singles.append(payload)
        elif parts[1].kind is Kind.EXACT:
            self._after.setdefault(parts[1].text, []).append((parts, payload))
        else:
            needed = [part.text for part in parts[1:] if part.kind is Kind.EXACT]
            # The longest word is the rarest; "" is needed by terms without one.
            word = max(needed, key=len, default="")
            self._others.setdefault(word, []).append((parts, payload))

    def find(self, words: Sequence[str], at: int, present: set[str]) -> Iterator[Hit]:
        """Yield what begins at a token; `present` are all words and ""."""
        for payload in self._singles:
            yield Hit(payload, at, at + 1)
        if self._after and at + 1 < len(words):
            for parts, payload in self._after.get(words[at + 1], ()):
                end = match_at(parts, words, at + 2, 2)
                if end >= 0:
                    yield Hit(payload, at, end)
        for word, terms in self._others.items():
            if word in present:
                for parts, payload in terms:
                    end = match_at(parts, words, at + 1, 1)
                    if end >= 0:
                        yield Hit(payload, at, end)


Beginnings = dict[str, dict[str, _Following]]


_NONE: dict[str, _Following] = {}


def _begin(
    table: Beginnings, key: str, first: Part, parts: tuple[Part, ...], payload: int
) -> None:
    """Add a term to a table of first letters, or last ones, and of whole beginnings."""
    following = table.setdefault(key, {}).setdefault(first.text, _Following())
    following.add(parts, payload)


class Matcher:
    """A set of terms of one language; each carries a payload number."""

    def __init__(self, fold: Callable[[str], str] = fold_word) -> None:
        """Begin with no terms; `fold` brings their words to the form of the texts."""
        self._fold = fold
        self._exact: dict[str, _Following] = {}
        self._prefix: Beginnings = {}
        self._suffix: Beginnings = {}
        self._numbers = _Following()
        self._known: dict[str, tuple[_Following, ...]] = {}
        self._inside: list[tuple[Part, _Following]] = []
        self._substrings: list[tuple[str, int]] = []
        self._prefix_lengths: set[int] = set()
        self._suffix_lengths: set[int] = set()
        self.single_words: set[str] = set()

    def add(self, term: str, payload: int) -> None:
        """Add one term; raises TermError when it cannot be matched."""
        if is_substring_term(term):
            self._substrings.append((fold_word("".join(term.split())), payload))
            return
        parts = parse_term(term, self._fold)
        self._known.clear()
        first = parts[0]
        if first.kind is Kind.EXACT:
            self._exact.setdefault(first.text, _Following()).add(parts, payload)
            if len(parts) == 1:
                self.single_words.add(first.text)
        elif first.kind is Kind.PREFIX:
            _begin(self._prefix, first.text[:_KEY_LENGTH], first, parts, payload)
            self._prefix_lengths.add(min(_KEY_LENGTH, len(first.text)))
            if len(parts) == 1:
                self.single_words.add(first.text)
        elif first.kind is Kind.SUFFIX:
            _begin(self._suffix, first.text[-_KEY_LENGTH:], first, parts, payload)
            self._suffix_lengths.add(min(_KEY_LENGTH, len(first.text)))
        elif first.kind is Kind.NUMBER:
            self._numbers.add(parts, payload)
        else:
            following = _Following()
            following.add(parts, payload)
            self._inside.append((first, following))

    def find(self, words: Sequence[str]) -> Iterator[Hit]:
        """Yield every term found in a list of folded words."""
        present = {*words, ""}
        for at, word in enumerate(words):
            for following in self._beginning(word):
                yield from following.find(words, at, present)

    def _beginning(self, word: str) -> tuple[_Following, ...]:
        """Return the terms whose first part fits a word; kept, since words recur."""
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[word] = tuple(self._looked_up(word))
        return known

    def _looked_up(self, word: str) -> Iterator[_Following]:
        exact = self._exact.get(word)
        if exact is not None:
            yield exact
        for length in self._prefix_lengths:
            for text, following in self._prefix.get(word[:length], _NONE).items():
                if word.startswith(text):
                    yield following
        for length in self._suffix_lengths:
            for text, following in self._suffix.get(word[-length:], _NONE).items():
                if word.endswith(text):
                    yield following
        if word[0].isdigit():
            yield self._numbers
        for first, following in self._inside:
            if _fits(first, word):
                yield following

    def find_substrings(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield (payload, start, end) of each term of a script without spaces."""
        if not self._substrings or text.isascii():
            return
        folded = text.casefold()
        if len(folded) != len(text):
            folded = text
        for term, payload in self._substrings:
            start = folded.find(term)
            if start >= 0:
                yield payload, start, start + len(term)
