"""Turns text and signals into numbers for the classifier, the same in training.

Decides which figures the classifier sees. Refuses to know any weight.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import log, sqrt
from zlib import crc32

from moderation.offline_model.language import stop_words
from moderation.offline_model.matcher import Sentence
from moderation.offline_model.pricing import in_dollars
from moderation.offline_model.signals import Signals

BUCKETS = 1 << 15
_GRAM = 4
_LONGEST_UNIT = 60
_MOST_UNITS = 60
SIGNALS = (
    "strong_topics",
    "weak_topics",
    "title_topics",
    "no_goods",
    "goods",
    "strange_share",
    "strange_count",
    "worst_share",
    "title_strange_share",
    "title_strange_all",
    "log_words",
    "no_description",
    "is_english",
    "is_used",
    "risky_department",
    "cheap",
    "dear",
    "weak_share",
)
_RISKY = frozenset({"food", "collectibles"})


@lru_cache(maxsize=65536)
def word_buckets(word: str) -> tuple[int, ...]:
    """Return the buckets of a word: itself and its runs of four letters."""
    if word[0].isdigit():
        return (crc32(b"#") % BUCKETS,)
    found = [crc32(b"w" + word.encode()) % BUCKETS]
    edged = f"<{word}>"
    if len(edged) > _GRAM + 1:
        found += [
            crc32(edged[i : i + _GRAM].encode()) % BUCKETS
            for i in range(len(edged) - _GRAM + 1)
        ]
    return tuple(found)


def buckets(words: Sequence[str]) -> list[int]:
    """Return the buckets of a unit of text: words, word parts and pairs of words."""
    found: list[int] = []
    before = ""
    for word in words[:_LONGEST_UNIT]:
        found.extend(word_buckets(word))
        if before:
            found.append(crc32(f"{before} {word}".encode()) % BUCKETS)
        before = word
    return found


def units(texts: Sequence[Sentence]) -> Iterator[list[str]]:
    """Yield the words of the title and of each sentence of the description.

    A script without spaces is cut into pairs of letters.
    """
    count = 0
    for sentence in texts:
        if sentence.field not in ("title", "description") or count >= _MOST_UNITS:
            continue
        words = sentence.words
        if not sentence.text.isascii() and any(c >= "\u0e00" for c in sentence.text):
            dense = [c for c in sentence.text if c.isalnum()][:200]
            words = [a + b for a, b in zip(dense, dense[1:], strict=False)]
        if words:
            count += 1
            yield list(words)


def score(words: Sequence[str], weights: Sequence[float], bias: float) -> float:
    """Return the log-odds that a unit of text belongs to a listing that may go live."""
    found = buckets(words)
    if not found:
        return bias
    return bias + sum(weights[b] for b in found) / sqrt(len(found))


def signal_values(signals: Signals) -> list[float]:
    """Return the figures of SIGNALS, in order."""
    ordinary = signals.familiar
    strong = [t for t in signals.topics if not t.is_weak]
    weak = [t for t in signals.topics if t.is_weak]
    words = max(1, ordinary.words)
    title = max(1, ordinary.title_words)
    dollars = in_dollars(signals.fields["price"], signals.fields["currency"])
    rate = log(dollars) if dollars else 2.5
    return [
        min(3.0, len(strong)),
        min(3.0, len(weak)),
        float(any(t.field == "title" for t in signals.topics)),
        float(ordinary.goods == 0),
        min(3.0, ordinary.goods),
        ordinary.strange / words,
        min(10.0, ordinary.strange) / 10,
        ordinary.worst,
        ordinary.title_strange / title,
        float(ordinary.title_strange == ordinary.title_words),
        log(words),
        float(not signals.fields["description"].strip()),
        float(signals.language.language == "en"),
        float(signals.fields["condition"].startswith("used")),
        float(bool(ordinary.departments & _RISKY) or not ordinary.departments),
        max(0.0, 2.0 - rate),
        max(0.0, rate - 4.5),
        10 * len(weak) / (10 + words),
    ]


def small_word_share(words: Sequence[str]) -> float:
    """Return the share of small words in a unit of text."""
    small = stop_words()
    return sum(word in small for word in words) / max(1, len(words))


def summary(unit_scores: Sequence[float]) -> list[float]:
    """Return what the second stage sees of the units' scores: title, worst, mean."""
    if not unit_scores:
        return [0.0, 0.0, 0.0, 0.0]
    rest = unit_scores[1:] or unit_scores
    ordered = sorted(rest)
    second = ordered[1] if len(ordered) > 1 else ordered[0]
    return [unit_scores[0], ordered[0], second, sum(unit_scores) / len(unit_scores)]
