"""Finds what looks like a contact detail in any dress, and what a cut left behind.

Decides whether a person must look before a mended listing is published. Refuses to
know what may be cut: contact.py says that.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from moderation.offline_model.folding import fold_word

_AT = (
    r"(?:\s?@\s?|\s?[(\[{<|*_-]\s?(?:at|arroba|arobase|małpa|ät|a keong|et|chez)\s?"
    r"[)\]}>|*_-]\s?|\s(?:at|arroba|arobase|małpa|klammeraffe|a keong)\s)"
)
_DOT = (
    r"(?:\s?\.\s?|\s?[(\[{<|*_-]\s?(?:dot|d0t|punkt|titik|punto|point|kropka|punct|"
    r"ponto|\.)\s?[)\]}>|*_-]\s?|\s(?:dot|d0t|punkt|titik|punto|point|kropka|punct|"
    r"ponto)\s)"
)
_ENDING = (
    r"(?:com|net|org|info|biz|shop|store|online|site|xyz|me|io|app|eu|co|de|fr|pl|ro|"
    r"id|my|mx|br|es|pt|uk|us|ru|cn|vn|th)\b"
)
_MAIL = re.compile(rf"\b[\w+-]{{2,64}}{_AT}[\w-]{{2,63}}{_DOT}{_ENDING}", re.I)
_PROVIDER = re.compile(
    r"\b(?:g\s?mail|hotmail|googlemail|proton\s?mail|gmx|yahoo|icloud|outlook)"
    rf"(?:{_DOT}(?:com|net|de|fr|co|es|pl|me)\b|\s(?:com|net)\b)",
    re.I,
)
_SHORT_LINK = re.compile(
    rf"\b(?:t|wa|ig|m|fb|line|zalo){_DOT}me\b"
    rf"|\b(?:bit{_DOT}ly|linktr{_DOT}ee|discord{_DOT}gg|fb{_DOT}com|goo{_DOT}gl)\b"
    rf"|\b(?:chat|api){_DOT}whatsapp|\bhttps?\s?:|\bhxxps?|\bwww\s?[.\s]\s?\w",
    re.I,
)
_NAMED = (
    r"whats\s?app|whatsap|wsp|wapp|telegram|tele|instagram|insta|wechat|we chat|weixin|"
    r"kakao(?:talk)?|zalo|skype|snapchat|discord|facebook|viber|messenger|tik\s?tok|"
    r"threema|icq|微信"
)
_SHORT = r"wa|ig|tg|fb|vx|wx|line|signal|snap|qq|imo|bbm|dc|yt"
_HANDLE = re.compile(
    rf"\b(?:{_NAMED})\s(?:id|user|handle)\s[\w.+-]{{4,}}"
    rf"|\b(?:{_NAMED})\s?(?:id|no|nr|nomor|user|name|is|handle|contact)?\s?"
    r"(?::|=|#|@|->|：)\s?[\w.+-]{3,}"
    rf"|\b(?:{_SHORT})\s?(?:id\s?[:=#]?|@|[:=]\s?@|handle\s?[:=]?)\s?[\w.+-]{{3,}}"
    rf"|\b(?:{_NAMED}|{_SHORT})[\s:.=#-]{{0,3}}\+?\(?0?\d[\d\s.()*_/-]{{5,}}\d"
    rf"|\b(?:wa|ig|tg|fb|vx|wx)\s?[:=]\s?[a-z_][\w.]{{3,}}",
    re.I,
)
_SPACED = re.compile(r"(?<![\w.,])(?:\+\s?)?(?:\d[\s.\-_*/|~,]{1,3}){7,}\d(?![\w,])")
_MESSENGER = re.compile(rf"\b(?i:{_NAMED})\b|\b(?:WA|IG|TG|FB|LINE|Signal)\b")
_ANY_AT = re.compile(r"@|\b\w+\s?[(\[{]\s?at\s?[)\]}]", re.I)
_LONG_NUMBER = re.compile(r"\+?\d(?:[\s.\-()/]{0,2}\d){6,14}")
_CODE_WORD = re.compile(
    r"\b(?:ean|gtin|isbn|upc|sku|oem|mpn|model|modell|modelo|modèle|part|item|art|"
    r"artikel\w*|ref|réf|serial|batch|lot|barcode)\b",
    re.I,
)
_NUMBER_WORDS = {
    "0": "zero oh nol kosong cero null zéro",
    "1": "one satu uno eins un jeden unu um",
    "2": "two dua dos zwei zwo deux dwa doi dois",
    "3": "three tiga tres drei trois trzy trei três",
    "4": "four empat cuatro vier quatre cztery patru quatro",
    "5": "five lima cinco fünf cinq pięć cinci",
    "6": "six enam seis sechs sześć șase meia",
    "7": "seven tujuh siete sieben sept siedem șapte sete",
    "8": "eight delapan lapan ocho acht huit osiem opt oito",
    "9": "nine sembilan nueve neun neuf dziewięć nouă nove",
}
_DIGIT_OF = {
    fold_word(word): digit
    for digit, words in _NUMBER_WORDS.items()
    for word in words.split()
}
_LEAST_DIGITS = 7
_TAIL_DIGITS = 5
_LEAST_NAME = 4
# parts of a removed address that say nothing of whose it is
_COMMON_WORDS = (
    "http https html www mail gmail hotmail yahoo outlook email shop store info sales "
    "contact support service services help manual manuals guide guides chart size "
    "sizes product products download docs user users example call phone whatsapp "
    "telegram message care"
)
_COMMON = frozenset(_COMMON_WORDS.split())


def shapes(text: str) -> Iterator[str]:
    """Yield every piece of text that has the shape of a contact detail."""
    plain = _plain(text)
    for pattern in (_MAIL, _PROVIDER, _SHORT_LINK, _HANDLE):
        yield from (match.group().strip() for match in pattern.finditer(plain))
    for match in _SPACED.finditer(plain):
        if not _counts(match.group()):
            yield match.group().strip()
    spelled = _spelled(plain)
    if spelled:
        yield spelled


def remains(published: Mapping[str, str], removed: Iterable[str], brand: str) -> str:
    """Return what still looks like a contact in a mended listing, "" when nothing.

    Args:
        published: every text that would be published, by field.
        removed: the sentences that were cut out.
        brand: its words may stand in the text and in a removed address alike.
    """
    cut = " ".join(removed)
    digits, names = _digits(_plain(cut)), _names(cut, brand)
    tails = {digits[at : at + _TAIL_DIGITS] for at in range(len(digits) - 4)}
    for text in published.values():
        plain = _plain(text)
        found = next(shapes(text), "")
        for pattern in (_MESSENGER, _ANY_AT):
            match = pattern.search(plain)
            found = found or (match.group() if match else "")
        found = found or _number(plain)
        found = found or next((word for word in names if word in _words(plain)), "")
        if not found and len(digits) >= _LEAST_DIGITS:
            kept = _digits(plain)
            found = next((tail for tail in sorted(tails) if tail in kept), "")
        if found:
            return found
    return ""


def _plain(text: str) -> str:
    """Undo full-width and circled digits, key caps and hidden characters."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        ch for ch in plain if unicodedata.category(ch) not in ("Cf", "Me", "Mn")
    )


def _words(text: str) -> list[str]:
    return [fold_word(word) for word in re.findall(r"[^\W_]+", text)]


def _names(text: str, brand: str) -> set[str]:
    """Return the telling words of removed addresses and handles."""
    addresses = re.findall(r"\S*[@/.(]\S*|(?<=@)\S+", text)
    ordinary = _COMMON | set(_words(brand))
    found = {
        word
        for part in addresses
        if "@" in part or "/" in part
        for word in _words(part)
    }
    return {word for word in found if len(word) >= _LEAST_NAME} - ordinary


def _digits(text: str) -> str:
    """Return all digits in order, spelled-out ones too."""
    parts = (_DIGIT_OF.get(word, word) for word in _words(text))
    return "".join(part for part in parts if part.isdigit())


def _counts(text: str) -> bool:
    """Say whether the figures only count up, as in a list of sizes."""
    figures = [int(figure) for figure in re.findall(r"\d", text)]
    steps = {b - a for a, b in zip(figures, figures[1:], strict=False)}
    return len(steps) == 1


def _spelled(text: str) -> str:
    run: list[str] = []
    count = said = 0
    for word in [*re.findall(r"[^\W_]+", text), ""]:
        digit = _DIGIT_OF.get(fold_word(word), "")
        if digit or (run and word.isdigit() and len(word) <= 4):
            run.append(word)
            count += 1 if digit else len(word)
            said += bool(digit)
            continue
        if count >= _LEAST_DIGITS and said >= 3:
            return " ".join(run)
        run, count, said = [], 0, 0
    return ""


def _number(text: str) -> str:
    """Return a number of the length of a telephone's that no code word explains."""
    for match in _LONG_NUMBER.finditer(text):
        before = text[max(0, match.start() - 20) : match.start()]
        if not _CODE_WORD.search(before):
            return match.group()
    return ""
