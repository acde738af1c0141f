"""Finds repeated words, too many hashtags and blocks of search terms.

Decides P-707 for wording; hashtags beyond ten are mended, the rest goes to a person.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from moderation.offline_model.brands import names_maker
from moderation.offline_model.clauses import Clause, Cut, Ruling
from moderation.offline_model.language import stop_words
from moderation.offline_model.matcher import tokenise

_HASHTAG = re.compile(r"(?<!\w)#[^\W\d_]\w*")
_HASHTAGS_ALLOWED = 10
_REPEATS_ALLOWED = 3


def judge_keywords(fields: Mapping[str, str], sent_title: str) -> Ruling:
    """Return what P-707 says about repeated words, hashtags and search terms."""
    clauses, cuts = [], []
    words = [w for w in tokenise(sent_title)[0] if len(w) >= 3]
    repeated = [
        w for w, n in Counter(words).items() if n > _REPEATS_ALLOWED and w.isalpha()
    ]
    if repeated:
        said = "The same word stands more than three times in the title."
        clauses.append(
            Clause("P-707", "title", _verbatim(repeated[0], sent_title), "ask", said)
        )
    text = fields["description"]
    tags = list(_HASHTAG.finditer(text))
    if len(tags) > _HASHTAGS_ALLOWED:
        said = "More than ten hashtags; those beyond ten are removed."
        quote = tags[_HASHTAGS_ALLOWED].group()
        clauses.append(Clause("P-707", "description", quote[:500], "fix", said))
        cuts = [Cut("description", *tag.span()) for tag in tags[_HASHTAGS_ALLOWED:]]
    stuffed = _stuffing(text)
    if stuffed:
        said = "The text holds a block of search terms."
        clauses.append(Clause("P-707", "description", stuffed[:500], "ask", said))
    return Ruling(tuple(clauses), tuple(cuts))


def _verbatim(word: str, text: str) -> str:
    words, spans = tokenise(text)
    start, end = spans[words.index(word)]
    return text[start:end]


def _stuffing(text: str) -> str:
    """Return the first of a run of search terms, "" when there is none.

    Search terms are short items in lower case without small words, set apart by
    full stops, commas or bars; sentences begin with a capital and have small words.
    """
    for line in text.splitlines():
        for mark, least in ((". ", 3), (", ", 6), (" | ", 5), (" / ", 6), ("; ", 5)):
            items = line.split(mark)
            if len(items) < least:
                continue
            run: list[str] = []
            for item in items:
                if _is_search_term(item.strip()):
                    run.append(item.strip())
                    if len(run) >= least and (mark != ", " or _is_one_search(run)):
                        return run[0]
                else:
                    run = []
    return ""


def _is_one_search(run: Sequence[str]) -> bool:
    """Say whether a list set apart by commas searches for one thing in many words.

    Features, colours, occasions and styles stand in such lists too: they share no
    word and name no maker of dear goods.
    """
    each = [set(tokenise(item)[0]) for item in run]
    counts = Counter(word for words in each for word in words if len(word) >= 3)
    most = max(counts.values(), default=0)
    return 2 * most >= len(run) or any(names_maker(item) for item in run)


def _is_search_term(item: str) -> bool:
    if not item or ":" in item or not (item[0].islower() or item[0].isdigit()):
        return False
    words = tokenise(item)[0]
    small = stop_words()
    count = sum(word in small for word in words)
    return 2 <= len(words) <= 9 and count <= len(words) // 4
