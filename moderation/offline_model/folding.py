"""Brings words to one plain form, and uncovers words that were disguised.

Decides what a word reads as; refuses to know which words are forbidden. Every
offset given back points into the text as it was handed in, so quotes stay verbatim.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_SPECIAL = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Letters of other scripts that look like a Latin one, in lower case.
_LOOK_ALIKE = str.maketrans(
    "авеёзикмнорстухѕіјԁһӏԛԝгпьαβγεζηικμνορστυχωաոսօցհᴀʙᴄᴅᴇɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "abee3nkmhopctyxsijdhlqwrnbabyezniknvopotyxwwnuoghabcdeghjklmnoprstuvwyz",
)
_LOOK_ALIKE_UPPER = str.maketrans(
    "АВЕЗКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABE3KMHOPCTYXIJSABEZHIKMNOPTYX"
)
_LEET = str.maketrans("013457@$!|€", "oieastasile")
_SIGNS = frozenset("013457@$!|€")
_LEET_L = str.maketrans("013457@$!|€", "oleastaslle")

_CHUNK = re.compile(r"\S+")
_LEET_WORD = re.compile(r"[\w@$!|€]+")
_LONGEST_WORD = 40
_HIDDEN = re.compile(f"(?<=[^\\W_])[{INVISIBLE}]+(?=[^\\W_])")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_LETTER = r"[^\W\d_]"
_SPLIT_RUN = re.compile(
    rf"(?<![^\W_]){_LETTER}(?:([ .\-_*/·•|+,~]{{1,3}}){_LETTER})"
    rf"(?:\1{_LETTER}){{2,30}}(?![^\W_])"
)
_DOTTED = re.compile(rf"(?<![\w.@/]){_LETTER}+(?:[._*·•|]{_LETTER}+){{1,8}}(?![\w@/])")
_WHOLE_WORD = re.compile(r"[^\W\d_]{3,}")


class Unmasked(NamedTuple):
    """A text with its disguises taken off.

    `origin[i]` is where character i stood in the text handed in; `changed[i]` says
    whether it was disguised there.
    """

    text: str
    origin: list[int]
    changed: list[bool]


@lru_cache(maxsize=65536)
def fold_word(word: str) -> str:
    """Return the plain form of a word: compatibility forms, case and accents folded."""
    if word.isascii():
        return word.lower()
    folded = unicodedata.normalize("NFKC", word).casefold()
    if "\u0e00" <= folded[:1] <= "\u0e7f":
        return folded
    stripped = "".join(
        c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c)
    )
    return unicodedata.normalize(
        "NFC", _INVISIBLE.sub("", stripped.translate(_SPECIAL))
    )


def scripts_of(word: str) -> set[str]:
    """Return which of the scripts that are used to fake Latin words occur in a word."""
    found = set()
    for c in word:
        if not c.isalpha():
            continue
        if c < "\u0250" or "\u1e00" <= c <= "\u1eff":
            found.add("latin")
        elif "\u0370" <= c <= "\u03ff" or "\u1f00" <= c <= "\u1fff":
            if c not in "μΩπαβγδλφ":
                found.add("greek")
        elif "\u0400" <= c <= "\u052f":
            found.add("cyrillic")
        elif "\u0530" <= c <= "\u058f":
            found.add("armenian")
        elif "\u13a0" <= c <= "\u13ff":
            found.add("cherokee")
    return found


def mixed_script_words(text: str) -> list[str]:
    """Return the words that mix Latin with look-alike scripts, as they stand."""
    if text.isascii():
        return []
    return [
        word
        for word in re.findall(r"\w{2,}", text)
        if not word.isascii() and len(scripts_of(word)) > 1
    ]


def hidden_inside_words(text: str) -> bool:
    """Say whether invisible characters stand between letters (soft hyphens aside)."""
    if text.isascii():
        return False
    return any(set(m.group()) - {"\u00ad"} for m in _HIDDEN.finditer(text))


def _is_leet(word: str) -> bool:
    """A word of at most forty characters, two letters and a sign that stands in."""
    if len(word) > _LONGEST_WORD or not _SIGNS & set(word):
        return False
    return sum(c.isalpha() for c in word) >= 2


@lru_cache(maxsize=16384)
def _plain_chunk(chunk: str) -> str:
    """Return a chunk (no spaces) with look-alikes and leetspeak read as letters.

    The result has the same length, or the chunk itself when nothing was disguised.
    """
    result = chunk
    if not chunk.isascii():
        kept = []
        for c in chunk:
            n = unicodedata.normalize("NFKC", c)
            kept.append(n if len(n) == 1 else c)
        result = "".join(kept)
        scripts = scripts_of(result)
        if scripts - {"latin"} or "\u1d00" <= max(result) <= "\u1d7f":
            result = result.translate(_LOOK_ALIKE_UPPER).lower().translate(_LOOK_ALIKE)
    match = _LEET_WORD.search(result)
    if match and _is_leet(match.group()) and len(result) == len(chunk):
        word = match.group()
        if word[-1] in "!|":
            word = word[:-1]
        plain = word.translate(_LEET)
        result = result[: match.start()] + plain + result[match.start() + len(word) :]
    return result if len(result) == len(chunk) else chunk


def _joins(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of letters or word parts that were split apart."""
    last = -1
    for match in _SPLIT_RUN.finditer(text):
        last = match.end()
        yield match.span()
    for match in _DOTTED.finditer(text):
        if match.start() >= last:
            yield match.span()


def unmask(text: str) -> Unmasked | None:
    """Take disguises off a text, or return None when it has none.

    Disguises: look-alike and compatibility letters, digits for letters, letters set
    apart by dots or spaces, and characters that cannot be seen. Linear in the text.
    """
    keep = [True] * len(text)
    joined = [False] * len(text)
    for start, end in _joins(text):
        for i in range(start, end):
            joined[i] = True
            keep[i] = text[i].isalpha()
    if not text.isascii():
        for match in _HIDDEN.finditer(text):
            for i in range(match.start() - 1, match.end() + 1):
                joined[i] = True
            for i in range(*match.span()):
                keep[i] = False
    letters = list(text)
    changed = joined
    found = any(joined)
    for match in _CHUNK.finditer(text):
        chunk = match.group()
        if chunk.isalpha() and chunk.isascii():
            continue
        plain = _plain_chunk(chunk)
        if plain != chunk:
            found = True
            start = match.start()
            for i, c in enumerate(plain):
                if c != chunk[i]:
                    letters[start + i] = c
                    changed[start + i] = True
    if not found:
        return None
    origin = [i for i in range(len(text)) if keep[i]]
    return Unmasked(
        "".join(letters[i] for i in origin), origin, [changed[i] for i in origin]
    )


def with_l(text: str) -> str:
    """Return leetspeak read with 1 and ! as the letter l instead of i."""
    return text.translate(_LEET_L)


def rot13(word: str) -> str:
    """Return an ASCII word turned by thirteen letters."""
    return "".join(
        chr((ord(c) - 97 + 13) % 26 + 97) if "a" <= c <= "z" else c for c in word
    )


def long_words(text: str) -> list[str]:
    """Return the runs of three or more letters in a text."""
    return _WHOLE_WORD.findall(text)
