"""Q-04: which characters a listing's text may hold, and how its spaces are tidied.

Knows code points only. Everything here is linear, hostile text included.
"""

import re
import unicodedata

# Control characters but line breaks and tabs, the soft hyphen, invisible spaces
# and the bidirectional controls.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff"
    "\u202a-\u202e\u2066-\u2069]"
)
# The vertical tab, the form feed, NEL and U+2028/9 are line breaks to Unicode:
# removing them would join two words.
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_TITLE_SPACES = re.compile(r"\s{2,}|[^\S ]")
_LINE_SPACES = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_EMPTY_LINES = re.compile(r"\n{3,}")
# No language stacks this many marks, and ordering them takes quadratic time.
_MARKS = re.compile(r"([^\w\s\x00-\u02ff]{32,})")
_MARKS_AT_ONCE = 32


def without_invisible(text: str) -> str:
    """Return text without the characters that Q-04 names."""
    return _INVISIBLE.sub("", text)


def composed(text: str) -> str:
    """Return text in Unicode's form NFC."""
    if text.isascii():
        return text
    if _MARKS.search(text) is None:
        return unicodedata.normalize("NFC", text)
    return "".join(
        unicodedata.normalize("NFC", piece[start : start + _MARKS_AT_ONCE])
        if index % 2
        else unicodedata.normalize("NFC", piece)
        for index, piece in enumerate(_MARKS.split(text))
        for start in range(0, len(piece) if index % 2 else 1, _MARKS_AT_ONCE)
    )


def tidy_line(text: str) -> str:
    """Return text on one line: each run of whitespace one space, ends trimmed."""
    return _TITLE_SPACES.sub(" ", text).strip()


def tidy_lines(text: str) -> str:
    """Return text with its lines kept, spaces tidied and one empty line at most."""
    text = _LINE_SPACES.sub(" ", _LINE_BREAK.sub("\n", text))
    return _EMPTY_LINES.sub("\n\n", text.replace(" \n", "\n")).strip()


def letters(text: str, *, enough: int) -> int:
    """Count the letters (Unicode L*) of text, up to `enough`.

    Marks are no letters, so a Thai or Hindi word counts its consonants and
    full vowels. Python's isalpha() is exactly the categories L*.
    """
    count = 0
    for character in text:
        if character.isalpha():
            count += 1
            if count >= enough:
                break
    return count


def cut_at_space(text: str, length: int) -> str:
    """Return at most `length` characters of text, cut at the last space if any."""
    if len(text) <= length:
        return text
    space = text.rfind(" ", 0, length + 1)
    return text[: space if space > 0 else length].strip()
