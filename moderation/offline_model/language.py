"""Says which language a listing is written in, and whether there are lists for it.

Decides from small words, script and the goods vocabulary; the merchant's own hint
only breaks a tie. Knows nothing of the policy.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from moderation.offline_model.folding import fold_word
from moderation.offline_model.matcher import Sentence
from moderation.offline_model.rules import LANGUAGES

# Languages whose lists cover the whole policy; others have some terms at most.
COVERED = ("en", "id", "ms", "es", "de", "fr", "pl", "ro", "pt")
_WORDS = Path(__file__).parent / "stop_words.toml"
_SCRIPTS = (
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("ru", re.compile("[\u0400-\u052f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ar", re.compile("[\u0600-\u06ff\u0750-\u077f]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("und", re.compile("[\u0530-\u058f\u0980-\u0dff\u0e80-\u10ff\u1200-\u17ff]")),
)
_VIETNAMESE = re.compile("[ơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.I)
_LEAST_FOREIGN = 3
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Detected:
    """The main language (BCP 47), those to apply lists of, and any without lists."""

    language: str
    apply: tuple[str, ...]
    unsupported: str


@cache
def stop_words() -> Mapping[str, tuple[str, ...]]:
    """Return small word (as written and as folded) -> languages that use it."""
    index: dict[str, list[str]] = {}
    for language, words in tomllib.loads(_WORDS.read_text(encoding="utf-8")).items():
        for word in words.split():
            for form in {word, fold_word(word)}:
                index.setdefault(form, []).append(language)
    return {word: tuple(languages) for word, languages in index.items()}


def _script(text: str) -> str:
    """Return the language that a non-Latin script stands for, "" for Latin text."""
    if text.isascii():
        return ""
    letters = len(_LETTER.findall(text)) or 1
    for language, pattern in _SCRIPTS:
        count = len(pattern.findall(text))
        if count >= 4 and count / letters > 0.25:
            return language
    return ""


def votes_of(words: Sequence[str]) -> Counter[str]:
    """Return how strongly the small words of a text speak for each language."""
    index = stop_words()
    votes: Counter[str] = Counter()
    for word in words:
        languages = index.get(word)
        if languages:
            share = 1 / len(languages)
            for language in languages:
                votes[language] += share  # type: ignore[assignment]  # Counter of floats
    return votes


def detect(
    texts: Sequence[Sentence], hint: str, vocabulary: Mapping[str, Sequence[str]]
) -> Detected:
    """Say which languages a listing is written in.

    `vocabulary` maps ordinary goods words to the languages that use them. A sentence
    of six words or more in a language without lists makes the listing unsupported.
    """
    total: Counter[str] = Counter()
    unsupported = ""
    for sentence in texts:
        script = _script(sentence.text)
        if script:
            total[script] += len(sentence.text) // 4
            if script not in COVERED:
                unsupported = script
            continue
        votes = votes_of(sentence.words)
        if _VIETNAMESE.search(sentence.text) and sentence.text.count(" ") >= 2:
            votes["vi"] += 2 * len(_VIETNAMESE.findall(sentence.text))
        if sentence.field != "brand":
            for word in sentence.words:
                known = vocabulary.get(word)
                if known:
                    for language in known:
                        votes[language] += 0.4 / len(known)  # type: ignore[assignment]  # Counter of floats
        unsupported = unsupported or _foreign(sentence, votes)
        total.update(votes)
    hint = hint.lower()[:2]
    if hint in LANGUAGES:
        total[hint] += 1
    if not total:
        return Detected("en", ("en",), unsupported)
    best, most = total.most_common(1)[0]
    if best not in COVERED and not unsupported and most >= 3:
        unsupported = best
    if best not in LANGUAGES:
        supported = [(n, code) for code, n in total.items() if code in LANGUAGES]
        best = max(supported)[1] if supported else "en"
    several = [
        code
        for code, n in total.most_common()
        if code in LANGUAGES and code != best and n >= max(2.0, 0.25 * total[best])
    ]
    apply = dict.fromkeys((best, *several[:3], *_sisters(best), "en"))
    return Detected(unsupported or best, tuple(apply), unsupported)


def _sisters(language: str) -> tuple[str, ...]:
    """Indonesian and Malay sellers write each other's words."""
    return {"id": ("ms",), "ms": ("id",)}.get(language, ())


def _foreign(sentence: Sentence, votes: Mapping[str, float]) -> str:
    """Return the language of a sentence that no list covers, or ""."""
    if len(sentence.words) < 5 or not votes:
        return ""
    best = max(votes, key=lambda language: votes[language])
    if best in COVERED:
        return ""
    index = stop_words()
    own = {word for word in sentence.words if best in index.get(word, ())}
    if best != "vi" and len(own) < _LEAST_FOREIGN:
        return ""
    rival = max((n for code, n in votes.items() if code in COVERED), default=0.0)
    return best if votes[best] >= 1.2 and votes[best] > 1.4 * rival else ""
