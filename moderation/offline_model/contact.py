"""Finds contact details and links, and whether they invite to deal elsewhere.

Decides P-701 and P-702. A detail that stands alone is cut out with its sentence;
with an invitation to order, bargain or pay elsewhere the listing is refused.
"""

import re
from collections.abc import Iterable, Iterator

from moderation.offline_model.clauses import Clause, Cut, Ruling
from moderation.offline_model.contact_net import shapes
from moderation.offline_model.folding import fold_word
from moderation.offline_model.matcher import Sentence
from moderation.offline_model.texts import View

_MAIL = re.compile(
    r"[\w.+-]{1,64}\s?(?:@|\(at\)|\[at\]|\{at\})\s?[\w-]{1,63}"
    r"(?:\s?(?:\.|\(dot\)|\[dot\]| dot | punkt | titik | punto )\s?[a-z]{2,10}){1,3}\b"
    r"|\b[\w.+-]{2,64} at [\w-]{2,63} (?:dot|punkt|titik|punto) [a-z]{2,10}\b",
    re.I,
)
_LINK = re.compile(
    r"\b(?:https?://|www\.)\S+|\b(?:bit\.ly|t\.me|wa\.me|linktr\.ee|goo\.gl|tinyurl)\S*"
    r"|\b[a-z0-9][a-z0-9-]{1,60}(?:\s?(?:\(dot\)|\[dot\]| dot | titik | punto )\s?"
    r"(?=com|net|org|id\b|shop|store)|\.)"
    r"(?:com|net|org|shop|store|online|info|biz|site|xyz|example|me|io|app|eu|co\.uk"
    r"|co\.id|com\.mx|com\.br|com\.my|de|fr|pl|ro|id|mx|br|es|ru|cn|us)"
    r"(?=[/\s,;:!?)\"']|\.?\s|\.?$)(?:/\S*)?",
    re.I,
)
_HANDLE = re.compile(r"(?<![\w@.])@[a-z0-9_][a-z0-9_.]{2,30}\b", re.I)
_DIGITS = re.compile(
    r"(?<![\w.,#/-])(?:\+|00)?\(?\d{1,4}\)?(?:[ .\-/()]{0,2}\d{2,5}){1,5}(?![\w%])"
)
_CONTACT_WORD = re.compile(
    r"\b(?:call|calls|phone|tel|telp|telepon|mobile|cell|text|sms|whats\s?app|wa|"
    r"wsp|zap|"
    r"telegram|viber|signal|wechat|weixin|line id|kontakt\w*|contact\w*|contat\w*|"
    r"hotline|"
    r"help\s?line|customer line|hubungi|kontak|hp|no hp|nomor|anruf\w*|telefon\w*|ruf|"
    r"tél|appel\w*|téléphone|zadzwo\w*|dzwoni\w*|nr tel|sunați|suna\w*|llam\w*|"
    r"teléfono|"
    r"tlf|ligue|fone|số điện thoại|zalo|sđt|โทร|ไลน์|电话|微信|手机|加v|加微|"
    r"reach|number)"
    r"(?!\w)",
    re.I,
)
_MESSENGER = re.compile(
    r"\b(?:whats\s?app|wa|wsp|telegram|viber|wechat|weixin|signal|line|kakao\w*|"
    r"skype|zalo|"
    r"messenger|facebook|fb|instagram|ig|insta|tiktok|snapchat|discord)(?!\w)"
    r"|微信|加v|ไลน์",
    re.I,
)
_APPROACH = re.compile(
    r"\b(?:message|write|text|contact|chat|order|dm|add|ping|find|follow|reach|ask|"
    r"hubungi|"
    r"chat|pesan|order|japri|escr[ií]b\w*|contáct\w*|mand\w*|schreib\w*|meld\w*|"
    r"folg\w*|"
    r"écri\w*|contact\w*|suiv\w*|napisz|pisz\w*|kontakt\w*|scrie\w*|contact\w*|chame|"
    r"mande|fale|siga|sígue\w*|inbox|pm)(?!\w)",
    re.I,
)
_ADDRESS = re.compile(
    r"\b\d{1,5}[a-z]?,? (?:[A-Z][\w'-]{1,40} ){1,3}"
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|square|"
    r"court)\b\.?"
    r"|\b(?:jalan|jl\.?) [A-Z][\w.]{1,40}(?: [A-Z][\w.]{1,40}){0,3},? (?:no\.? ?)?\d+"
    r"|\b[A-ZÄÖÜ][\wäöüß-]{1,40}(?:straße|strasse|weg|gasse|allee|platz) \d+"
    r"|\b(?:calle|avenida|av\.|carrera) (?:[A-ZÁÉÍÓÚ]\w{1,40} ){1,3}(?:#|no\.? ?|"
    r"núm\.? ?)?\d+"
    r"|\b\d{1,4},? (?:rue|avenue|boulevard|place|chemin) (?:de |du |des |la |"
    r"l')*[A-ZÉ]\w+"
    r"|\bul\. ?[A-ZŁŚŻ]\w+(?: [A-Z]\w+)? \d+"
    r"|\b(?:strada|str\.) (?:[A-ZȘȚÎ]\w+ ){1,3}(?:nr\.? ?)?\d+"
    r"|\b(?:rua|travessa) (?:(?:d[aeo]s? )?[A-ZÁÉ]\w+ ?){1,4},? ?\d+",
    re.I | re.U,
)
_NO_STREET = frozenset(
    [
        "inch",
        "in",
        "tb",
        "gb",
        "hard",
        "flash",
        "usb",
        "test",
        "disk",
        "thumb",
        "pen",
        "wheel",
        "off",
        "belt",
        "chain",
        "direct",
    ]
)
_QR = re.compile(r"\bqr[ -]?(?:code|kode|código|kod)\b", re.I)
_INVITES = re.compile(
    r"\b(?:order|buy|pay|paid|payment|cheaper|less|save|discount|deal|direct\w*|"
    r"transfer\w*|"
    r"bargain|negotiat\w*|offers?|price|outside|off[- ]?(?:site|platform)|gift card|"
    r"cash|"
    r"pesan|beli|bayar|murah|harga|diskon|langsung|nego|transfer|rekening|luar|"
    r"pag\w*|barat\w*|compr\w*|precio|descuento|direct\w*|trato|pedid\w*|fuera|"
    r"depósito|"
    r"kauf\w*|bestell\w*|zahl\w*|billig\w*|günstig\w*|überweis\w*|rabatt|preis\w*|"
    r"direkt|"
    r"achet\w*|command\w*|pay\w*|moins cher|virement|remise|prix|hors|"
    r"kup\w*|zam[óo]w\w*|płat\w*|zapła\w*|tani\w*|przelew\w*|rabat\w*|cen\w*|"
    r"bezpośrednio|"
    r"cump[ăa]r\w*|comand\w*|pl[ăa]t\w*|ieftin\w*|transfer\w*|reducere|preț\w*|direct|"
    r"encomend\w*|desconto|preço|pix|mais barato|fora|mua|giá|rẻ|ราคา|"
    r"โอน|便宜|转账|付款|购买|"
    r"shop|store|tienda|toko|laden|boutique|sklep|magazin|loja|form|download|"
    r"sign up|register|"
    r"more models|other items|see the same|catalogue|catalog)(?!\w)",
    re.I,
)
_SERVICE = re.compile(
    r"\b(?:question\w*|queries|enquir\w*|help|service|support|workshop|manual|"
    r"warranty|hotline|"
    r"pertanyaan|garansi|layanan|purna jual|servis|bengkel|pregunta\w*|dudas|"
    r"garantía|servicio|taller|"
    r"frage\w*|garantie|werkstatt|rückfragen|polster\w*|questions?|atelier|sav|"
    r"pyta\w*|gwaranc\w*|serwis|warsztat\w*|sprawie|întreb\w*|garanți\w*|atelier\w*|"
    r"dúvida\w*|garantia|oficina|assistência|mail me|e-?mail us|our|maker|"
    r"hersteller)(?!\w)",
    re.I,
)
_INFORMS = re.compile(
    r"\b(?:manual|size[ -]?chart|sizing|size guide|instructions?|guide|data ?sheet|"
    r"care|"
    r"specifications?|assembly|petunjuk|panduan|tabel ukuran|cara pakai|buku|"
    r"instrucciones|tabla de tallas|guía|anleitung|größentabelle|pflegehinweise?|"
    r"notice|mode d'emploi|guide des tailles|instrukcj\w*|tabela rozmiarów|"
    r"instrucțiuni\w*|tabel de mărimi|instruções|tabela de medidas)(?!\w)",
    re.I,
)
_NUMBER_WORDS = {
    "en": "zero oh one two three four five six seven eight nine double triple",
    "id": "nol kosong satu dua tiga empat lima enam tujuh delapan lapan sembilan",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "de": "null eins zwei zwo drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "ro": "zero unu doi trei patru cinci șase șapte opt nouă",
    "pt": "zero um dois três quatro cinco seis meia sete oito nove",
}
_DIGIT_WORDS = frozenset(
    fold_word(word) for words in _NUMBER_WORDS.values() for word in words.split()
)
_SPELLED = 6
_PURCHASE = re.compile(
    r"wa\.me|t\.me|chat\.|form|shop|store|buy|order|/p/|download", re.I
)


def judge_contact(view: View, brand: str) -> Ruling:
    """Return what P-701 and P-702 say about a listing."""
    details = [*_details(view), *_links(view, brand)]
    if not details:
        return _in_disguise(view)
    invited = any(_INVITES.search(sentence.text) for _, sentence, _ in details)
    clauses, cuts = [], []
    for code, sentence, quote in details:
        action = _action(code, sentence, quote, invited)
        if action == "fix":
            quote = sentence.text.strip()[:500]
            end = sentence.start + len(sentence.text)
            cuts.append(Cut(sentence.field, sentence.start, end))
        clauses.append(
            Clause(code, sentence.field, quote[:500], action, _EXPLAIN[code, action])
        )
    if any(clause.action != "fix" for clause in clauses):
        cuts = []
    return Ruling(tuple(dict.fromkeys(clauses)), tuple(dict.fromkeys(cuts)))


def _in_disguise(view: View) -> Ruling:
    """Ask about what only the wide net finds: shapes in all fields."""
    said = _EXPLAIN["P-701", "ask"]
    clauses = tuple(
        Clause("P-701", name, quote[:500], "ask", said)
        for name, text in view.fields.items()
        for quote in shapes(text)
    )
    return Ruling(tuple(dict.fromkeys(clauses)))


_EXPLAIN = {
    ("P-701", "reject"): "Contact details come with an invitation to deal elsewhere.",
    ("P-701", "fix"): "A contact detail stands alone; the sentence with it is removed.",
    ("P-701", "ask"): "This may be a contact detail, which may not stand in a listing.",
    ("P-702", "reject"): "The address leads to a purchase, a form or a messenger.",
    ("P-702", "fix"): "A link to information is removed with its sentence.",
    ("P-702", "ask"): "An address or another shop is named; a person must look at it.",
}


def _action(code: str, sentence: Sentence, quote: str, invited: bool) -> str:
    if code == "P-701" and invited:
        return "reject"
    if code == "P-702":
        if _PURCHASE.search(quote):
            return "reject"
        if _INFORMS.search(sentence.text):
            alone = not _INVITES.search(
                _INFORMS.sub("", sentence.text.replace(quote, ""))
            )
            return "fix" if alone and sentence.field == "description" else "ask"
        return "reject" if invited else "ask"
    is_plain = _SERVICE.search(sentence.text) and sentence.field == "description"
    return "fix" if is_plain and len(sentence.words) <= 30 else "ask"


def _details(view: View) -> Iterator[tuple[str, Sentence, str]]:
    for sentence in view.sentences:
        text = sentence.text
        if sentence.field in ("brand", "category"):
            continue
        found = [
            m.group()
            for m in _MAIL.finditer(text)
            if "@" in m.group() or " " in m.group()
        ]
        found += [m.group() for m in _ADDRESS.finditer(text) if _is_address(text, m)]
        found += _phones(text)
        found += _spelled(sentence)
        messenger = _MESSENGER.search(text)
        if (
            messenger
            and not found
            and _APPROACH.search(text.replace(messenger.group(), " "))
        ):
            found.append(messenger.group())
        code = _QR.search(text)
        if code and (messenger or _CONTACT_WORD.search(text)):
            found.append(code.group())
        for quote in found:
            yield "P-701", sentence, quote.strip()


def _is_address(text: str, match: re.Match[str]) -> bool:
    """A street needs a capital in its name; `2 in 1 drive` has none."""
    words = match.group().split()
    if len(words) > 1 and words[-2].lower() in _NO_STREET:
        return False
    return sum(word[:1].isupper() for word in words) >= 1 and any(
        c.isdigit() for c in match.group()
    )


def _phones(text: str) -> Iterable[str]:
    named = _CONTACT_WORD.search(text)
    for match in _DIGITS.finditer(text):
        quote = match.group()
        digits = sum(c.isdigit() for c in quote)
        groups = len(re.findall(r"\d+", quote))
        abroad = quote.startswith(("+", "00")) and digits >= 10 and groups >= 3
        if (
            named
            and 7 <= digits <= 15
            and named.start() != match.start()
            or (abroad and digits <= 15)
            or (
                quote.startswith("0")
                and groups >= 3
                and 9 <= digits <= 13
                and "." not in quote
            )
            or named
            and digits == 7
        ):
            yield quote


def _spelled(sentence: Sentence) -> Iterable[str]:
    run: list[int] = []
    for index, word in enumerate([*sentence.words, ""]):
        if word in _DIGIT_WORDS or (run and len(word) == 1 and word.isdigit()):
            run.append(index)
            continue
        spelled = sum(sentence.words[i] in _DIGIT_WORDS for i in run)
        if len(run) >= _SPELLED and spelled >= _SPELLED - 2:
            first, last = sentence.spans[run[0]], sentence.spans[run[-1]]
            at = sentence.start
            yield sentence.text[first[0] - at : last[1] - at]
        run = []


def _links(view: View, brand: str) -> Iterator[tuple[str, Sentence, str]]:
    plain_brand = fold_word(brand).strip()
    for sentence in view.sentences:
        text = sentence.text
        if sentence.field in ("brand", "category"):
            continue
        if not any(mark in text for mark in (".", "@", "dot", "titik", "punto")):
            continue
        mails = [m.span() for m in _MAIL.finditer(text)]
        for match in _LINK.finditer(text):
            inside = any(a <= match.start() < b for a, b in mails)
            if inside or (plain_brand and fold_word(match.group()) in plain_brand):
                continue
            yield "P-702", sentence, match.group().rstrip(".,;")
        for match in _HANDLE.finditer(text):
            if not any(a <= match.start() < b for a, b in mails):
                yield "P-702", sentence, match.group()
