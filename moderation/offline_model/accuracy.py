"""Holds the statements of a listing against each other.

Decides P-708 for numbers, materials and wear that cannot all be true; each goes to a
person. Knows nothing of prices and of what the goods are worth.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from moderation.offline_model.clauses import Clause, Ruling
from moderation.offline_model.folding import fold_word
from moderation.offline_model.matcher import Sentence

_MOST_MAH = 60_000
_SAME_NOUN = 4
_MAH = re.compile(r"\b(\d[\d.,]{2,9}\d)\s?mah\b", re.I)
_STATION = re.compile(r"station|generator|solar|camping|12\s?v|e-?bike|scooter", re.I)
_SET = re.compile(
    r"\b(?:set|lot|pack|juego|conjunto|zestaw|paket|jeu|kit|isi)\s(?:of\s|de\s|von\s|"
    r"di\s|isi\s)?(\d{1,2})\b|\b(\d{1,2})(?:er[ -]?(?:set|pack)|[ -](?:piece|pack|pcs|"
    r"teilig|pièces|piezas|peças|bucăți|buah|sztuk\w*))\b",
    re.I,
)
_NUMBERS = {
    "two dua dos zwei deux dwa dwie două dois duas": 2,
    "three tiga tres drei trois trzy trei três": 3,
    "four empat cuatro vier quatre cztery patru quatro": 4,
    "five lima cinco fünf cinq pięć cinci": 5,
    "six enam seis sechs sześć șase": 6,
    "eight delapan ocho acht huit osiem opt oito": 8,
    "ten sepuluh diez zehn dix dziesięć zece dez": 10,
    "twelve duabelas doce zwölf douze dwanaście doisprezece doze": 12,
}
_VALUE = {fold_word(w): n for words, n in _NUMBERS.items() for w in words.split()}
_PAIRS = (
    # what the title promises, and the word for it wherever the text keeps it
    r"silk|sutra|seda|seide\w*|soie|jedwab\w*|mătase",
    r"wool|wol|lana|wolle?|laine|wełn\w*|lână|lã",
    r"cotton|katun|kapas|algodón|baumwoll\w*|coton|bawełn\w*|bumbac|algodão",
    r"linen|linho|lino|leinen|lin|lnian\w*",
    r"cashmere|kaschmir|cachemire|kaszmir\w*|cașmir|cachemira|caxemira",
)
_SYNTHETIC = re.compile(
    r"\b100\s?%\s?(?:poly\w*|poli\w*|acr[iy]l\w*|akryl\w*|akril\w*|nylon|viscose|viskose)"
    r"|\b(?:poliester|polyester|akrilik|acrylic)\s100\s?%",
    re.I,
)
_LEATHER = re.compile(
    r"\b(?:genuine|real|full grain|echt\w*|kulit asli|piel genuina|cuero genuino|"
    r"cuir véritable|prawdziw\w+ skór\w*|piele naturală|couro legítimo)\b|"
    r"\b(?:leather)\b.{0,12}\bgenuine\b|skóra naturalna|echtleder",
    re.I,
)
_FALSE_LEATHER = re.compile(
    r"\b(?:pu|polyurethane|pvc|vegan|faux|synthetic|kunstleder|imitation|simili|"
    r"kulit sintetis|piel sintética|cuero sintético|ekoskór\w*|piele ecologică|"
    r"couro sintético)\b",
    re.I,
)
_LEATHER_WORD = re.compile(
    r"leather|leder|cuir|cuero|piel|skór|piele|couro|kulit", re.I
)
_WORN = re.compile(
    r"\b(?:ridden|worn|used|driven|wore it|slept on)\s(?:for\s)?(?:\w+\s){0,2}"
    r"(?:seasons?|winters?|summers?|years?|months?)\b"
    r"|\b(?:winter|sommer|jahre?|monate)\s(?:\w+\s){0,2}(?:angehabt|getragen|gefahren|"
    r"benutzt)\b|\b(?:mise?|portée?s?|utilisée?s?)\s(?:\w+\s)?(?:hivers?|étés?|ans|fois)\b"
    r"|\blo\s(?:llevé|usé|puse)\s(?:\w+\s)?(?:inviernos?|años?|veces|meses)\b"
    r"|\b(?:chodził\w*|nosił\w*|jeździł\w*|używał\w*)\b"
    r"|\b(?:purtat\w*|folosit\w*)\s(?:\w+\s)?(?:ierni|ani|luni|ori)\b"
    r"|\busei\s(?:\w+\s)?(?:invernos?|anos?|meses|vezes)\b"
    r"|\b(?:dipakai|dipake|pakai)\s(?:\w+\s)?(?:tahun|bulan|musim|kali)\b"
    r"|\b(?:a button|knopf|un bouton|un botón)\s(?:is\s)?(?:missing|fehlt|manque)\b"
    r"|\ble falta un\b|\bbrak guzika\b|\blipsește un\b|\bfalta um\b|\bsome scratches\b",
    re.I,
)
_CARTON = re.compile(
    r"\b(?:carton|packaging|box|verpackung|karton|emballage|boîte|empaque|caja|"
    r"opakowani\w*|pudełk\w*|ambalaj\w*|cuti\w*|kardus\w*|dus|dusnya|kotak\w*|"
    r"embalagem|caixa)\b",
    re.I,
)
_WITHOUT = re.compile(
    r"not (?:part of|included|in)|does not come|for illustration|gehört nicht|"
    r"nicht (?:dazu|dabei|enthalten)|n'est pas|sans l[ae']|non inclus|no viene|"
    r"no (?:se )?incluye|sin (?:el|la)|nie ma|bez (?:sprzętu|urządzenia|konsoli)|"
    r"nu (?:este|e|vine)|fără|tidak termasuk|tidak ada|tanpa|tidak disertakan|"
    r"tidak dapat|não (?:acompanha|inclui|vem)|sem [oa]",
    re.I,
)
_SOLID_GOLD = re.compile(
    r"\b(?:solid (?:\w+ )?(?:\w+ )?gold|massivgold\w*|massives? gold|or massif|"
    r"oro macizo|lite złoto|aur masiv|ouro maciço|emas murni|emas asli)\b",
    re.I,
)
_PLATED = re.compile(
    r"plat|beschicht|vergold|plaqu|chapad|pozłac|sepuh|banhad|color|colour|tone", re.I
)


def judge_accuracy(fields: Mapping[str, str], texts: Sequence[Sentence]) -> Ruling:
    """Return what P-708 says about statements that contradict each other."""
    said = "Two statements of the listing do not fit together."
    clauses = tuple(
        Clause("P-708", name, quote[:500], "ask", said)
        for name, quote in _contradictions(fields, texts)
    )
    return Ruling(tuple(dict.fromkeys(clauses)))


def _contradictions(
    fields: Mapping[str, str], texts: Sequence[Sentence]
) -> Iterator[tuple[str, str]]:
    title, text = fields["title"], fields["description"]
    yield from _figures(title, text)
    yield from _materials(title, text)
    if fields["condition"] == "new":
        for sentence in texts:
            match = _WORN.search(sentence.text)
            if match and sentence.field == "description":
                yield "description", match.group()
    wrapping, without = _CARTON.search(title), _WITHOUT.search(text)
    if wrapping and without and not re.search(r"\b\d+ ?(?:pcs|l|ml|cm)\b", title, re.I):
        yield "title", wrapping.group()


def _figures(title: str, text: str) -> Iterator[tuple[str, str]]:
    for name, part in (("title", title), ("description", text)):
        for match in _MAH.finditer(part):
            amount = int(re.sub(r"\D", "", match.group(1)))
            if amount > _MOST_MAH and not _STATION.search(title):
                yield name, match.group()
    promised = _SET.search(title)
    if promised:
        number = int(promised.group(1) or promised.group(2))
        other = _other_count(title, text, number)
        if other:
            yield "description", other


def _other_count(title: str, text: str, number: int) -> str:
    """Return a count of the same things that is not the title's."""
    nouns = {fold_word(w)[:_SAME_NOUN] for w in re.findall(r"[^\W\d_]{4,}", title)} - {
        "pack",
        "pake",
        "piec",
    }
    found = ""
    words = list(re.finditer(r"[^\W_]+", text))
    for word, follower in zip(words, words[1:], strict=False):
        plain = fold_word(word.group())
        value = int(plain) if plain.isdigit() else _VALUE.get(plain, 0)
        if value == number:
            return ""
        if 2 <= value <= 24 and fold_word(follower.group())[:_SAME_NOUN] in nouns:
            found = found or text[word.start() : follower.end()]
    return found


def _materials(title: str, text: str) -> Iterator[tuple[str, str]]:
    synthetic = _SYNTHETIC.search(text)
    if synthetic and not _SYNTHETIC.search(title):
        for words in _PAIRS:
            # compounds too: a silk dress may be one word
            named = re.search(rf"(?:\b(?:{words}))", title, re.I)
            if named and not re.search(rf"\b(?:{words})\b", text, re.I):
                yield "description", synthetic.group()
    false = _FALSE_LEATHER.search(text)
    if (
        false
        and _LEATHER_WORD.search(title)
        and _LEATHER.search(title)
        and not _FALSE_LEATHER.search(title)
    ):
        yield "description", false.group()
    gold = _SOLID_GOLD.search(f"{title} {text}")
    if gold and not _PLATED.search(title):
        yield ("title" if gold.group() in title else "description"), gold.group()
