"""Checks category, search-term stuffing and condition against the text.

Decides P-707, P-708 and the date of food (P-208). What is plain is mended; what is
not goes to a person. Knows nothing of prices.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from moderation.offline_model.clauses import Clause, Cut, Ruling
from moderation.offline_model.goods import departments_of
from moderation.offline_model.language import stop_words
from moderation.offline_model.matcher import Sentence, tokenise

_HASHTAG = re.compile(r"(?<!\w)#[^\W\d_]\w*")
_HASHTAGS_ALLOWED = 10
_REPEATS_ALLOWED = 3
_STUFFED_ITEMS = 7
_USED_TEXT = re.compile(
    r"\b(?:used (?:for|only|once|twice|a few|lightly|gently)|gently used|lightly used|well used|"
    r"second[- ]?hand|pre-?owned|pre-?loved|i (?:had|have) (?:used|it on|worn)|i used|we used|"
    r"bekas (?:pakai|dipakai)|barang bekas|preloved|sudah dipakai|pernah dipakai|"
    r"usad[oa] (?:por|durante|poco|una|solo)|de segunda mano|seminuev[oa]|"
    r"gebraucht\w*|getragen|benutzt|d'occasion|déjà porté|utilisée?s? (?:pendant|une|quelques)|"
    r"używan\w*|noszon\w*|folosit\w* (?:de|un|o|câteva|puțin)|purtat\w*|la mâna a doua|"
    r"usad[oa]s? (?:por|poucas|uma)|seminov[oa])\b",
    re.I,
)
_NOT_USED = re.compile(
    r"\b(?:never used|not used|unused|can be used|be used for|is used for|are used for|used for "
    r"(?:the|a|an|any|all|cleaning|cooking|making|decorat\w*|storing|cutting|home|outdoor|indoor|kids|"
    r"your|party|office|camping|sports|\w+ing)|widely used|nicht gebraucht|ungetragen|unbenutzt|"
    r"nie używan\w*|nefolosit\w*|belum pernah dipakai|jamais|nunca)\b",
    re.I,
)
_REFURBISHED = re.compile(
    r"\b(?:refurbished|reconditioned|renewed by|rekondisi|refurbish|reacondicionad[oa]|"
    r"generalüberholt|reconditionnée?|odnowion[ya]|recondiționat[ăa]?|recondicionad[oa])\b",
    re.I,
)
_DAMAGED = re.compile(
    r"\b(?:does not (?:work|start|turn on|power on)|doesn't (?:work|start)|not working|broken|"
    r"defective|damaged|for parts|cracked screen|mati total|tidak berfungsi|rusak|no funciona|no enciende|"
    r"defekt|kaputt|funktioniert nicht|ne fonctionne pas|en panne|nie działa|uszkodzon\w*|"
    r"nu funcționează|defect[ăa]?|não funciona|quebrad[oa])\b",
    re.I,
)
_DAMAGE_TALK = re.compile(
    r"\b(?:if|in case|when|jika|kalau|bila|si|falls|wenn|jeśli|dacă|se|any|prevent\w*|avoid\w*|protect\w*|"
    r"refund|return|replace\w*|during (?:shipping|transport)|pengiriman|garansi|retur|komplain)\b",
    re.I,
)
_FOR_NEW = frozenset({"new"})
_CONDITION_OF = {"refurbished": "refurbished", "used": "used_good", "damaged": "for_parts"}
_ONLY_PART = re.compile(
    r"\b(?:box only|only the box|empty box|manual only|printed manual only|(?:photo|picture|poster|print) only|"
    r"packaging only|this is (?:only )?(?:the|a) (?:printed )?(?:manual|box|picture|photo|packaging)(?: only)?|"
    r"(?:hanya|cuma) (?:kotak|dus|gambar|foto|buku manual)|(?:dus|kotak) saja|solo la caja|caja vacía|solo (?:el )?manual|"
    r"nur (?:der |die )?(?:karton|verpackung|anleitung)|leerkarton|boîte vide|boîte seule|notice seule|"
    r"samo pudełko|puste pudełko|sama instrukcja|doar cutia|cutie goală|doar manualul|"
    r"só a caixa|caixa vazia|somente (?:a caixa|o manual))\b",
    re.I,
)
_DATED = re.compile(
    r"\b(?:best[- ]before|expir\w*|exp\.? ?date|shelf[- ]life|use by|date (?:is |printed )?on|dated|keeps? (?:for )?\d+|"
    r"months|kedaluwarsa|kadaluarsa|exp|expired|tahan (?:hingga|sampai|\d)|masa simpan|"
    r"caducidad|vencimiento|consumo preferente|vida útil|mindestens haltbar|haltbar\w*|mhd|"
    r"durabilité|dlc|ddm|à consommer|date (?:sur|limite)|termin\w* (?:przydatności|ważności)|"
    r"przydatności|ważności|data (?:na|minimal\w*)|valabil\w*|expiră|termen\w* de|"
    r"validade|vencimento|consumir até|prazo)\b|保质期|หมดอายุ|hạn sử dụng|hsd",
    re.I,
)
_FOOD_PATH = re.compile(
    r"\b(?:foods?|groceries|grocery|beverages?|snacks?|tea|coffee|sweets|confectionery|makanan|minuman|"
    r"alimentos?|comida|bebidas|abarrotes|despensa|lebensmittel|getränke|süß\w*|alimentation|épicerie|"
    r"boissons|tisanes?|żywność|spożywcz\w*|napoje|alimente|băuturi|mercearia)\b|食品|อาหาร|thực phẩm",
    re.I,
)
_NOT_FOOD = re.compile(
    r"\b(?:play food|pet food|dog|cat|storage|container|dispenser|lunch|kids kitchen|maker|machine|grinder|"
    r"mug|cup|infuser|filter|box|mould|mold|cutter|bag clip)\b", re.I
)
_NEIGHBOURS = (
    {"clothing", "shoes", "bags", "jewellery", "beauty", "sports", "baby", "party"},
    {"kitchen", "home", "furniture", "lighting", "garden", "tools", "food", "party", "pets"},
    {"electronics", "phones", "computers", "music", "automotive", "lighting"},
    {"toys", "stationery", "crafts", "party", "baby", "collectibles", "music"},
    {"books", "stationery", "crafts", "collectibles", "music"},
    {"home", "crafts", "stationery", "collectibles", "baby", "beauty", "bags"},
    {"tools", "automotive", "sports"},
    {"tools", "crafts", "electronics"},
    {"garden", "sports", "bags"},
    {"electronics", "phones", "kitchen", "home"},
    {"toys", "sports"},
    {"toys", "electronics"},
    {"baby", "home", "furniture"},
    {"jewellery", "electronics", "collectibles", "crafts"},
    {"food", "beauty", "baby"},
    {"computers", "stationery", "furniture"},
    {"pets", "toys"},
)
# Path words that name a department but are no goods themselves.
_PATH_WORDS: Mapping[str, frozenset[str]] = {
    word: frozenset({department})
    for department, words in {
        "clothing": "apparel fashion clothes pakaian ropa kleidung vetements odziez imbracaminte roupas wear",
        "electronics": "electronics electronic elektronik electronica elektronika electronique electronice eletronicos gadgets audio",
        "automotive": "automotive automobile otomotif automotriz kfz motoryzacja automotivo tyres",
        "phones": "phones smartphones mobiles",
        "books": "books buku libros bucher livres ksiazki carti livros fiction",
        "toys": "toys toy games mainan juguetes spielzeug jouets zabawki jucarii brinquedos hobbies puppets dolls",
        "furniture": "furniture furnitur muebles mobel meubles meble mobilier moveis",
        "beauty": "beauty kecantikan belleza beaute uroda frumusete beleza cosmetics makeup",
        "garden": "garden gardening jardin garten ogrod gradina jardim taman outdoor",
        "pets": "pets pet hewan mascotas haustier animaux zwierzeta animale",
        "kitchen": "kitchen dapur cocina kuche cuisine kuchnia bucatarie cozinha",
        "home": "home rumah hogar haus maison dom casa living household",
        "sports": "sports sport olahraga deportes deporte esporte fitness cycling",
        "jewellery": "jewelry jewellery perhiasan joyeria schmuck bijoux bizuteria bijuterii joias watches",
        "tools": "tools hardware perkakas herramientas werkzeug outils narzedzia scule ferramentas improvement",
        "food": "food groceries makanan alimentos lebensmittel alimentation zywnosc alimente",
        "baby": "baby bayi bebe kids toddler infant",
        "stationery": "stationery office alat tulis papeleria schreibwaren papeterie",
        "crafts": "crafts craft arts kerajinan manualidades basteln",
        "music": "music instruments musik musica",
        "party": "party pesta fiesta wedding costumes fancy gift gifts supplies",
        "collectibles": "collectibles antiques hobby memorabilia figures",
    }.items()
    for word in words.split()
}
_VAGUE = frozenset(
    "parts part accessories accessory sets set others other other supplies care cover "
    "covers case cases cards card model models light kit kits brush top tops ring "
    "storage paper water glass".split()
)


def judge_keywords(fields: Mapping[str, str], sent_title: str) -> Ruling:
    """Return what P-707 says about repeated words, hashtags and search terms."""
    clauses, cuts = [], []
    words = [w for w in tokenise(sent_title)[0] if len(w) >= 3]
    repeated = [
        w for w, n in Counter(words).items() if n > _REPEATS_ALLOWED and w.isalpha()
    ]
    if repeated:
        said = "The same word stands more than three times in the title."
        clauses.append(Clause("P-707", "title", _verbatim(repeated[0], sent_title), "ask", said))
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
    """Return a run of short items without verbs or small words, if there is one.

    Two forms: `a b c. d e f. g h` in one line and `a b, c d, e f, g h`.
    """
    small = stop_words()
    for line in text.splitlines():
        for mark in (". ", ", ", " | ", " / ", "; "):
            items = [item.strip() for item in line.split(mark) if item.strip()]
            if len(items) < _STUFFED_ITEMS - (mark == ". ") * 2:
                continue
            bare = [
                item
                for item in items
                if 2 <= len(item.split()) <= 8
                and not any(w in small for w in tokenise(item)[0])
                and ":" not in item
                and (item[:1].islower() or item[:1].isdigit())
            ]
            if len(bare) >= max(4, 0.6 * len(items)):
                return bare[0]
    return ""


def judge_category(
    fields: Mapping[str, str], departments: frozenset[str], languages: Sequence[str]
) -> Ruling:
    """Return what P-707 says about a category path that plainly is of other goods.

    Only when all goods that the title names and all departments that the path names
    are strangers to each other; neighbours of one department store are not.
    """
    path = fields["category"]
    named = departments_of_path(path, languages)
    if not named or not departments or len(departments) > 4:
        return Ruling()
    if any(one in group and other in group
           for group in _NEIGHBOURS for one in departments for other in named):
        return Ruling()
    said = "The category does not seem to fit what the title names."
    return Ruling((Clause("P-707", "category", path[:500], "ask", said),))


def departments_of_path(path: str, languages: Sequence[str]) -> frozenset[str]:
    """Return the departments that a category path names, in any of the languages."""
    found: set[str] = set()
    for word in tokenise(path)[0]:
        found |= _PATH_WORDS.get(word, frozenset())
        if word not in _VAGUE:
            for language in languages:
                found |= departments_of(word, language)
    return frozenset(found)


def judge_condition(
    fields: Mapping[str, str], texts: Sequence[Sentence]
) -> tuple[Ruling, str]:
    """Return what P-708 says, and the condition to publish ("" to keep it)."""
    for sentence in texts:
        if sentence.field not in ("title", "description"):
            continue
        part = _ONLY_PART.search(sentence.text)
        if part:
            said = "A box, manual or picture reads as if it were the product."
            return Ruling((Clause("P-708", sentence.field, part.group(), "reject", said),)), ""
    if fields["condition"] not in _FOR_NEW:
        return Ruling(), ""
    for sentence in texts:
        if sentence.field not in ("title", "description"):
            continue
        found = _stated(sentence.text)
        if found:
            state, quote = found
            said = "The text says otherwise than the condition field; it is set from the text."
            action = "ask" if state == "damaged" else "fix"
            proposed = "" if state == "damaged" else _CONDITION_OF[state]
            clause = Clause("P-708", sentence.field, quote[:500], action, said)
            return Ruling((clause,)), proposed
    return Ruling(), ""


def _stated(text: str) -> tuple[str, str] | None:
    refurbished = _REFURBISHED.search(text)
    if refurbished:
        return "refurbished", refurbished.group()
    damaged = _DAMAGED.search(text)
    if damaged and not _DAMAGE_TALK.search(text):
        return "damaged", damaged.group()
    used = _USED_TEXT.search(text)
    if used and not _NOT_USED.search(text):
        return "used", used.group()
    return None


def judge_food(
    fields: Mapping[str, str], languages: Sequence[str]
) -> Ruling:
    """Return what P-208 says about food whose text states no date."""
    title = fields["title"]
    is_food = bool(_FOOD_PATH.search(fields["category"]))
    if not is_food:
        words = tokenise(title)[0]
        named = [departments_of(w, code) for w in words for code in languages]
        named = [n for n in named if n]
        is_food = bool(named) and all(n == {"food"} for n in named)
    if not is_food or _NOT_FOOD.search(title):
        return Ruling()
    whole = "\n".join((title, fields["description"], fields["attributes"]))
    if _DATED.search(whole):
        return Ruling()
    said = "Food without a best-before date, shelf life or date on the pack."
    return Ruling((Clause("P-208", "listing", "", "ask", said),))
