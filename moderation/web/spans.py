"""Which words of a text changed, caused a flag, or are a clause's code.

Decides spans and nothing else: it returns plain text, never markup, so that a
template escapes every part. Knows nothing of Django.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

# Past this many words on a side, the middle is shown as one change: a matcher is
# quadratic on text made to be hard, and nobody reads such a diff word by word.
MAX_DIFF_WORDS = 600

# A tag counts as a word of its own: taking it away leaves its neighbours as they are.
_WORD = re.compile(r"\s*<[^<>\s][^<>]{0,200}>|\s*[^\s<]+|\s*<|\s+$")
_CODE = re.compile(r"\b[PQ]-\d{2,3}\b")


class Span(NamedTuple):
    """A run of text and what it is: same, del, ins, mark or code."""

    kind: str
    text: str


def diff_words(before: str, after: str) -> tuple[Span, ...]:
    """Return the result with what went and what came, word by word.

    Whitespace and case are not marked; neighbouring changes are merged.
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    old_keys, new_keys = [_key(w) for w in old], [_key(w) for w in new]
    head = _common(old_keys, new_keys)
    tail = _common(old_keys[head:][::-1], new_keys[head:][::-1])
    old_end, new_end = len(old) - tail, len(new) - tail
    spans = [Span("same", "".join(new[:head]))]
    middle_old, middle_new = old[head:old_end], new[head:new_end]
    if max(len(middle_old), len(middle_new)) > MAX_DIFF_WORDS:
        spans += [Span("del", "".join(middle_old)), Span("ins", "".join(middle_new))]
    else:
        spans += _matched(
            middle_old, middle_new, old_keys[head:old_end], new_keys[head:new_end]
        )
    spans.append(Span("same", "".join(new[new_end:])))
    return _merged(spans)


def _key(word: str) -> str:
    return word.strip().casefold()


def _common(left: list[str], right: list[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _matched(
    old: list[str], new: list[str], old_keys: list[str], new_keys: list[str]
) -> Iterator[Span]:
    matcher = SequenceMatcher(None, old_keys, new_keys, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield Span("same", "".join(new[j1:j2]))
            continue
        yield Span("del", "".join(old[i1:i2]))
        yield Span("ins", "".join(new[j1:j2]))


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Join neighbours of one kind, keep words apart, leave spaces unmarked."""
    out: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if span.kind != "same":
            lead = span.text[: len(span.text) - len(span.text.lstrip())]
            if lead and (lead != span.text):
                out.append(Span("same", lead))
                span = Span(span.kind, span.text.lstrip())
        if out and out[-1].kind == span.kind:
            out[-1] = Span(span.kind, out[-1].text + span.text)
            continue
        if out and not (out[-1].text[-1].isspace() or span.text[0].isspace()):
            # Two words never touch because one of them is gone.
            out.append(Span("same", " "))
        out.append(span)
    return tuple(out)


def mark_quotes(text: str, quotes: Iterable[str]) -> tuple[Span, ...]:
    """Return the text with each quote's first occurrence as a mark.

    A quote that does not stand there word for word, case aside, marks nothing.
    """
    folded = text.lower()
    if len(folded) != len(text):
        # A letter that changes length in lower case would shift every position.
        folded = text
    places: list[tuple[int, int]] = []
    for quote in {q.strip() for q in quotes}:
        start = folded.find(quote.lower()) if quote else -1
        if start >= 0:
            places.append((start, start + len(quote)))
    spans: list[Span] = []
    position = 0
    for start, end in sorted(places):
        if end <= position:
            continue
        start = max(start, position)
        spans.append(Span("same", text[position:start]))
        spans.append(Span("mark", text[start:end]))
        position = end
    spans.append(Span("same", text[position:]))
    return tuple(s for s in spans if s.text)


def split_codes(text: str) -> tuple[Span, ...]:
    """Return the text with policy codes such as P-101 apart, to keep them whole."""
    spans: list[Span] = []
    position = 0
    for found in _CODE.finditer(text):
        spans.append(Span("same", text[position : found.start()]))
        spans.append(Span("code", found.group()))
        position = found.end()
    spans.append(Span("same", text[position:]))
    return tuple(s for s in spans if s.text)
