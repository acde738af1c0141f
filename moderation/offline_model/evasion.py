"""Finds attempts to get round the review: disguised words and orders to the reviewer.

Decides P-704. A word is disguised when a rule fires only after look-alikes, splits
or hidden characters are undone. Knows nothing of what the forbidden things are.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

from moderation.offline_model.clauses import Clause, Ruling
from moderation.offline_model.folding import (
    Unmasked,
    fold_word,
    long_words,
    mixed_script_words,
    rot13,
    scripts_of,
    unmask,
)
from moderation.offline_model.goods import vocabulary
from moderation.offline_model.matcher import sentences
from moderation.offline_model.rules import Finding, RuleSet
from moderation.offline_model.texts import View

_CODE = "P-704"
_LEAST_LETTERS = 4
_LEAST_TURNED = 7
_LEAST_MIRRORED = 6
_BASE64 = re.compile(r"(?<![\w/+])[A-Za-z0-9+/]{20,400}={0,2}(?![\w/+])")
_HEX = re.compile(r"(?<!\w)(?:[0-9a-fA-F]{2}[ :]?){12,200}(?!\w)")
_ROLE = re.compile(
    r"<\|?/?(?:im_start|im_end|system|assistant|user|inst|endoftext)\|?>|\[/?INST\]"
    r"|^\s*(?:#{2,}|-{3,}|={3,})\s*(?:end|begin|start|new|system|instruction)\b.*"
    r"|\b(?:system|assistant|developer|admin(?:istrator)?|moderator)\s(?:note|message|"
    r"prompt|override|instruction)s?\b"
    r"|\"(?:decision|verdict|outcome|confidence|clauses|action|status|label)\"\s*:"
    r"|```",
    re.I | re.M,
)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|rule|"
    r"polic|previous|"
    r"above|prior|filter|check|guideline)"
    r"|\b(?:approve|accept|publish|whitelist|mark|treat|classify|label|output|"
    r"answer|respond|reply)\b"
    r".{0,30}\b(?:approv\w*|compliant|this listing|this item|as (?:ok|safe|clean|"
    r"allowed)|"
    r"without (?:review|check)|no violation|automatically)"
    r"|\b(?:pre-?|already|been|was|is|got|fully)\s?(?:approved|cleared|verified|"
    r"reviewed|moderated|"
    r"whitelisted|checked)\b.{0,40}\b(?:moderat|review(?!s)|polic|trust|admin|"
    r"compliance|marketplace|safety team|platform)"
    r"|\b(?:moderat|review|polic|trust|compliance|marketplace|"
    r"safety)\w*\b.{0,40}\b(?:already |has |have )"
    r"?(?:approved|cleared|verified|checked)\b"
    r"|\b(?:dear|note to|message to|attention|for the|to the|hello|"
    r"hi)\b.{0,12}\b(?:moderator|reviewer|"
    r"ai|bot|system|classifier|model|review team|algorithm|checker)s?\b"
    r"|\byou are (?:now |an? )?(?:in |a |an )?(?:developer|helpful|ai|assistant|"
    r"reviewer|moderator|model|unrestricted)"
    r"|\b(?:no|skip|without|needs no|exempt from)\b.{0,16}\b(?:human |manual |"
    r"further )?(?:review|moderation)\b"
    r"|\bapproval (?:id|number|code|ref)|\breference number of (?:the )?approval"
    r"|\b(?:abaikan|lupakan)\b.{0,40}\b(?:instruksi|aturan|perintah|kebijakan|"
    r"sebelumnya)"
    r"|\b(?:sudah|telah)\b.{0,20}\b(?:disetujui|diperiksa|diverifikasi|lolos|"
    r"ditinjau)\b"
    r"|\b(?:setujui|loloskan)\b.{0,30}\b(?:iklan|produk|barang|listing|ini|daftar)"
    r"|\b(?:ignor\w*|olvid\w*|omit\w*)\b.{0,40}\b(?:instruc\w*|reglas?|polític\w*|"
    r"anterior\w*)"
    r"|\b(?:ya|fue|está|ha sido)\b.{0,20}\b(?:aprobad\w*|revisad\w*|verificad\w*)"
    r"|\b(?:aprueb\w*|aprobar|acepte|autoric\w*)\b.{0,30}\b(?:este|esta|anuncio|"
    r"publicaci\w*)"
    r"|\bignorier\w*\b.{0,40}\b(?:anweisung\w*|regeln?|richtlinie\w*|vorherig\w*)"
    r"|\b(?:bereits|schon|wurde)\b.{0,30}\b(?:genehmigt|freigegeben|geprüft|"
    r"freigeschaltet)"
    r"|\b(?:genehmig\w*|freigeben|gib\b.{0,20}\bfrei|"
    r"akzeptier\w*)\b.{0,30}\b(?:anzeige|angebot|artikel|dies\w*)"
    r"|\bignore[zr]?\b.{0,40}\b(?:instructions?|règles?|consignes?|précédent\w*)"
    r"|\b(?:déjà|a été|est)\b.{0,20}\b(?:approuv\w*|validé\w*|vérifié\w*)"
    r"|\b(?:approuve[zr]?|acceptez|validez)\b.{0,30}\b(?:cette|annonce|ce produit|"
    r"article)"
    r"|\b(?:z?ignoruj\w*|pomiń)\b.{0,40}\b(?:instrukcj\w*|zasad\w*|poprzedni\w*|"
    r"polecen\w*)"
    r"|\b(?:już|został\w*|zostało)\b.{0,25}\b(?:zatwierdz\w*|sprawdz\w*|"
    r"zaakceptow\w*|zweryfikow\w*)"
    r"|\b(?:zatwierdź\w*|zaakceptuj\w*|przepuść\w*)\b"
    r"|\bignor\w*\b.{0,40}\b(?:instrucțiun\w*|reguli\w*|anterioar\w*)"
    r"|\b(?:deja|a fost)\b.{0,20}\b(?:aprobat\w*|verificat\w*|validat\w*)"
    r"|\b(?:aprobă|aprobați|acceptați)\b.{0,30}\b(?:anunț\w*|acest\w*|produs\w*)"
    r"|\bignor\w*\b.{0,40}\b(?:instruções|regras|anterior\w*)"
    r"|\b(?:já|foi)\b.{0,20}\b(?:aprovad\w*|verificad\w*|revisad\w*)"
    r"|\b(?:aprove|aprovem|aceite)\b.{0,30}\b(?:este|esta|anúncio|produto)",
    re.I,
)
_ORDERS_UNSPACED = re.compile(
    "忽略.{0,8}(?:指令|规则|说明|提示)|已(?:经)?(?:审核|批准|通过)|(?:请|直接)(?:批准|通过)"
    "|อนุมัติแล้ว|ผ่านการตรวจสอบ|เพิกเฉยต่อคำสั่ง|กรุณาอนุมัติ"
    "|đã được (?:phê )?duyệt|bỏ qua .{0,12}hướng dẫn|hãy (?:phê )?duyệt"
)
_SUBJECT = re.compile(
    r"\b(?:book|paperback|novel|t-?shirt|shirt|mug|poster|buku|libro|buch|livre|"
    r"książka|carte|livro)\b",
    re.I,
)


def judge_evasion(
    view: View, plain: Sequence[Finding], rules: RuleSet, languages: Sequence[str]
) -> Ruling:
    """Return what P-704 says: disguised terms, orders to the reviewer, odd scripts."""
    clauses = [
        *_disguised(view, plain, rules, languages),
        *_turned(view, rules, languages),
        *_orders(view),
    ]
    doubts = []
    for name, text in view.sent.items():
        mixed = mixed_script_words(text)
        if mixed:
            clauses.append(
                Clause(_CODE, name, mixed[0][:500], "ask", "A word mixes two scripts.")
            )
        elif not text.isascii() and any(
            scripts_of(word) - {"latin"} for word in long_words(text)
        ):
            doubts.append("part of the text is in a script without term lists")
    return Ruling(tuple(dict.fromkeys(clauses)), (), tuple(dict.fromkeys(doubts)))


def _disguised(
    view: View, plain: Sequence[Finding], rules: RuleSet, languages: Sequence[str]
) -> Iterator[Clause]:
    seen = {(f.rule.code, f.rule.name, f.field) for f in plain}
    for name, text in view.sent.items():
        unmasked = unmask(text)
        if unmasked is None:
            continue
        cut = sentences(name, unmasked.text)
        for finding in rules.apply(cut, languages):
            span = range(finding.start, finding.end)
            letters = sum(unmasked.text[i].isalnum() for i in span)
            hidden = any(unmasked.changed[i] for i in span)
            if not hidden or letters < _LEAST_LETTERS:
                continue
            quote = _original(text, unmasked, finding.start, finding.end)
            said = "A term of another section is written in disguise."
            yield Clause(_CODE, name, quote, "reject", said)
            if (finding.rule.code, finding.rule.name, name) not in seen:
                why = f"Read plainly this falls under {finding.rule.code}."
                yield Clause(finding.rule.code, name, quote, finding.rule.action, why)


def _original(text: str, unmasked: Unmasked, start: int, end: int) -> str:
    return text[unmasked.origin[start] : unmasked.origin[end - 1] + 1][:500]


def _turned(view: View, rules: RuleSet, languages: Sequence[str]) -> Iterator[Clause]:
    """Mirrored, turned by thirteen letters, base64 and hexadecimal text."""
    known = _single_words(rules, tuple(languages))
    for name in ("title", "description", "attributes"):
        text = view.sent[name]
        for raw in long_words(text):
            word = fold_word(raw)
            if _is_mirrored(word):
                said = "A word is written backwards."
                yield Clause(_CODE, name, raw, "ask", said)
            if len(word) < _LEAST_TURNED or not word.isascii() or word in known:
                continue
            if word in vocabulary():
                continue
            if word[::-1] in known or rot13(word) in known:
                said = "A forbidden term is written backwards or encoded."
                yield Clause(_CODE, name, raw, "reject", said)
        for decoded, quote in _decoded(text):
            if any(ch == " " for ch in decoded) or fold_word(decoded) in known:
                said = "The text holds encoded words."
                yield Clause(_CODE, name, quote[:500], "ask", said)


def _is_mirrored(word: str) -> bool:
    """Say whether a word is unknown as it stands and ordinary when turned round."""
    if len(word) < _LEAST_MIRRORED or not word.isalpha():
        return False
    return word not in vocabulary() and word[::-1] in vocabulary()


def _decoded(text: str) -> Iterator[tuple[str, str]]:
    for match in _BASE64.finditer(text):
        quote = match.group()
        if quote.isalpha() or quote.isdigit():
            continue
        try:
            plain = base64.b64decode(quote + "=" * (-len(quote) % 4)).decode("ascii")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
        if plain.isprintable():
            yield plain, quote
    for match in _HEX.finditer(text):
        digits = re.sub(r"[ :]", "", match.group())
        if digits.isdigit():
            continue
        try:
            plain = bytes.fromhex(digits).decode("ascii")
        except (ValueError, UnicodeDecodeError):
            continue
        if plain.isprintable():
            yield plain, match.group()


_CACHE: dict[tuple[int, tuple[str, ...]], frozenset[str]] = {}


def _single_words(rules: RuleSet, languages: tuple[str, ...]) -> frozenset[str]:
    key = (id(rules), languages)
    if key not in _CACHE:
        _CACHE[key] = frozenset(
            word
            for word in rules.single_words((*languages, "xx"))
            if len(word) >= _LEAST_TURNED
        )
    return _CACHE[key]


def _orders(view: View) -> Iterator[Clause]:
    for name, text in view.fields.items():
        action = "ask" if _SUBJECT.search(view.fields["title"]) else "reject"
        for pattern in (_ORDERS, _ORDERS_UNSPACED, _ROLE):
            match = pattern.search(text)
            if match:
                said = "The text speaks to the review or claims an approval."
                yield Clause(_CODE, name, match.group().strip()[:500], action, said)
