"""Holds the condition field and the offer against the text.

Decides P-708. A plain word about use sets the condition; damage, and a box or a
manual that reads as if it were the product, go to a person.
"""

import re
from collections.abc import Mapping, Sequence

from moderation.offline_model.clauses import Clause, Ruling
from moderation.offline_model.matcher import Sentence

_USED_TEXT = re.compile(
    r"\b(?:used (?:for|only|once|twice|a few|lightly|gently)|gently used|"
    r"lightly used|well used|"
    r"second[- ]?hand|pre-?owned|pre-?loved|i (?:had|have) (?:used|it on|worn)|"
    r"i used|we used|"
    r"bekas (?:pakai|dipakai)|barang bekas|preloved|sudah dipakai|pernah dipakai|"
    r"usad[oa] (?:por|durante|poco|una|solo)|de segunda mano|seminuev[oa]|"
    r"gebraucht\w*|getragen|benutzt|d'occasion|déjà porté|utilisée?s? (?:pendant|"
    r"une|quelques)|"
    r"używan\w*|noszon\w*|folosit\w* (?:de|un|o|câteva|puțin)|purtat\w*|la mâna a doua|"
    r"usad[oa]s? (?:por|poucas|uma)|seminov[oa])\b",
    re.I,
)
_NOT_USED = re.compile(
    r"\b(?:never used|not used|unused|can be used|be used for|is used for|"
    r"are used for|used for "
    r"(?:the|a|an|any|all|cleaning|cooking|making|decorat\w*|storing|cutting|home|"
    r"outdoor|indoor|kids|"
    r"your|party|office|camping|sports|\w+ing)|widely used|nicht gebraucht|"
    r"ungetragen|unbenutzt|"
    r"nie używan\w*|nefolosit\w*|belum pernah dipakai|jamais|nunca)\b",
    re.I,
)
_REFURBISHED = re.compile(
    r"\b(?:refurbished|reconditioned|renewed by|rekondisi|refurbish|reacondicionad[oa]|"
    r"generalüberholt|reconditionnée?|odnowion[ya]|recondiționat[ăa]?|"
    r"recondicionad[oa])\b",
    re.I,
)
_DAMAGED = re.compile(
    r"\b(?:does not (?:work|start|turn on|power on)|doesn't (?:work|start)|"
    r"not working|broken|"
    r"defective|damaged|for parts|cracked screen|mati total|tidak berfungsi|rusak|"
    r"no funciona|no enciende|"
    r"defekt|kaputt|funktioniert nicht|ne fonctionne pas|en panne|nie działa|"
    r"uszkodzon\w*|"
    r"nu funcționează|defect[ăa]?|não funciona|quebrad[oa])\b",
    re.I,
)
_DAMAGE_TALK = re.compile(
    r"\b(?:if|in case|when|jika|kalau|bila|si|falls|wenn|jeśli|dacă|se|any|"
    r"prevent\w*|avoid\w*|protect\w*|"
    r"refund|return|replace\w*|during (?:shipping|transport)|pengiriman|garansi|"
    r"retur|komplain)\b",
    re.I,
)
_FOR_NEW = frozenset({"new"})
_CONDITION_OF = {
    "refurbished": "refurbished",
    "used": "used_good",
    "damaged": "for_parts",
}
_ONLY_PART = re.compile(
    r"\b(?:box only|only the box|empty box|manual only|printed manual only|(?:photo|"
    r"picture|poster|print) only|"
    r"packaging only|this is (?:only )?(?:the|a) (?:printed )?(?:manual|box|picture|"
    r"photo|packaging)(?: only)?|"
    r"(?:hanya|cuma) (?:kotak|dus|gambar|foto|buku manual)|(?:dus|kotak) saja|"
    r"solo la caja|caja vacía|solo (?:el )?manual|"
    r"nur (?:der |die )?(?:karton|verpackung|anleitung)|leerkarton|boîte vide|"
    r"boîte seule|notice seule|"
    r"samo pudełko|puste pudełko|sama instrukcja|doar cutia|cutie goală|doar manualul|"
    r"só a caixa|caixa vazia|somente (?:a caixa|o manual))\b",
    re.I,
)


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
            return Ruling(
                (Clause("P-708", sentence.field, part.group(), "reject", said),)
            ), ""
    if fields["condition"] not in _FOR_NEW:
        return Ruling(), ""
    for sentence in texts:
        if sentence.field not in ("title", "description"):
            continue
        found = _stated(sentence.text)
        if found:
            state, quote = found
            said = "The text says otherwise than the field, which is set from it."
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
