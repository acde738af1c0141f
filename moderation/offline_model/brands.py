"""Checks how a maker's name is used on goods of another maker.

Decides P-302 for accessories and parts: `for` and `compatible with` are fine, a
title that reads as if the brand had made it is not. Prices are judged elsewhere.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from moderation.offline_model.clauses import Clause, Ruling
from moderation.offline_model.matcher import Matcher, tokenise

_NAMES = Path(__file__).parent / "brands.toml"

_DEVICE = re.compile(
    r"\b(?:apple|iphone|ipad|airpods|macbook|samsung|galaxy|xiaomi|redmi|huawei|oppo|"
    r"pixel|sony|playstation|ps[45]|xbox|nintendo|switch|dyson|bosch|makita|dewalt|"
    r"milwaukee|nespresso|keurig|philips|braun|oral-?b|gillette|gopro|canon|nikon|"
    r"epson|"
    r"brother|hp|kindle|fitbit|garmin|roomba|shark|kitchenaid|thermomix|stanley|lego|"
    r"bmw|audi|mercedes|toyota|honda|yamaha|ford|volkswagen|vw|tesla|harley|kärcher|"
    r"miele|"
    r"vorwerk|stihl|husqvarna|gardena|whirlpool|electrolux|lg|tassimo|senseo|brita)\b",
    re.I,
)
_PART = re.compile(
    r"\b(?:case|cover|cable|charger|protector|strap|band|filters?|brush heads?|blades?|"
    r"bags?|adapter|holder|stand|battery|batteries|cartridges?|ink|toner|remote|pads?|"
    r"tips|skin|sleeve|dock|mount|belt|hose|nozzle|capsules?|pods?|casing|kabel|"
    r"softcase|tinta|baterai|funda|carcasa|cargador|correa|filtro|mica|repuesto|hülle|"
    r"ladekabel|ladegerät|ersatz\w*|filter|coque|étui|câble|chargeur|filtre|etui|"
    r"pokrowiec|ładowarka|kabel|filtr|husă|încărcător|cablu|filtru|capinha|carregador|"
    r"cabo|película)\b",
    re.I,
)
_FOR = re.compile(
    r"\b(?:for|fits?|fitting|compatible|suitable|works with|untuk|buat|kompatibel|"
    r"cocok|"
    r"para|compatible|compatibles|für|passend|kompatibel|geeignet|pour|compatibles?|"
    r"adapté\w*|"
    r"do|dla|pasuje|kompatybiln\w*|pentru|compatibil\w*|compatíve\w*)\b",
    re.I,
)
_OTHER_MAKER = re.compile(
    r"\b(?:made by|manufactured by|produced by|from the maker|not made by|not by|"
    r"no original|"
    r"third[- ]party|generic|works with|fits|compatible|for use with|same size as|"
    r"replaces the|buatan|fabricad[oa] por|hergestellt von|von der firma|"
    r"nicht original|"
    r"passend für|fabriqué\w* par|compatible avec|produkcji|wyprodukowan\w*|zamiennik|"
    r"fabricat\w* de|produs de|fabricad[oa] pela?)\b",
    re.I,
)
_PRINTED = re.compile(
    r"\b(?:t-?shirt|tee|shirt|hoodie|jersey|jersi|kaos|baju|camiseta|playera|polera|"
    r"polo|trikot|maillot|koszulka|tricou|mug|poster|sticker|stickers|print|decal|"
    r"banner|keychain|phone case|cushion|blanket|cap|hat|scarf|flag|pegatina|stiker|"
    r"calcomanía|aufkleber|taza|tasse|kubek|cană)\b",
    re.I,
)
_LICENSED = re.compile(
    r"\b(?:official(?:ly)?|licen[sc]ed|resmi|lisensi|oficial|con licencia|offiziell\w*|"
    r"lizenziert\w*|officiel\w*|sous licence|oficjaln\w*|licencjonowan\w*|licențiat)\b",
    re.I,
)
_DUPE = re.compile(
    r"\b(?:dupe|inspired by|look-?alike|inspirad[oa] (?:en|por)|inspiriert von|"
    r"inspiré\w* de|inspirowan\w*|inspirat\w* de|terinspirasi)\b",
    re.I,
)
_STYLE = re.compile(r"^[ -]?(?:style|stil|styl|look)\b", re.I)
_IN_STYLE = re.compile(
    r"(?:style of|estilo|al estilo|gaya(?: ala)?|ala|im stil von|wie von|façon|style|"
    r"w stylu|stil|à la)\s$",
    re.I,
)


@cache
def _works() -> tuple[Matcher, tuple[str, ...]]:
    """Return the names of works, artists and clubs, and which kind each is."""
    matcher = Matcher()
    kinds: list[str] = []
    for entry in tomllib.loads(_NAMES.read_text(encoding="utf-8"))["brand"]:
        if entry["kind"] in ("franchise", "club"):
            matcher.add(entry["name"], len(kinds))
            kinds.append(entry["kind"])
    return matcher, tuple(kinds)


@cache
def _makers() -> Matcher:
    """Return the names of all makers whose goods are often copied."""
    matcher = Matcher()
    entries = tomllib.loads(_NAMES.read_text(encoding="utf-8"))["brand"]
    for number, entry in enumerate(entries):
        if entry["floors"]:
            matcher.add(entry["name"], number)
    return matcher


def names_maker(text: str) -> bool:
    """Say whether a text names a maker of dear goods or a much copied device."""
    if _DEVICE.search(text):
        return True
    return any(True for _ in _makers().find(tokenise(text)[0]))


def judge_unlicensed_art(fields: Mapping[str, str]) -> Ruling:
    """Return what P-302 says about the art of a work or club on printed goods.

    A named maker and words such as official or licensed speak for a licence.
    """
    title = fields["title"]
    maker = fields["brand"].strip().lower()
    if not _PRINTED.search(title):
        return Ruling()
    words, spans = tokenise(title)
    matcher, kinds = _works()
    for hit in matcher.find(words):
        is_club = kinds[hit.payload] == "club"
        named = maker and maker not in ("unbranded", "oem", "other")
        whole = f"{title} {fields['description']}"
        if _LICENSED.search(whole) or (named and not is_club):
            return Ruling()
        quote = title[spans[hit.start][0] : spans[hit.end - 1][1]]
        said = "Art of a work or club sells the goods; a licence is not named."
        return Ruling((Clause("P-302", "title", quote, "ask", said),))
    return Ruling()


def judge_brand_use(fields: Mapping[str, str]) -> Ruling:
    """Return what P-302 says about a brand in a title or brand field."""
    title, text, maker = fields["title"], fields["description"], fields["brand"]
    device = _DEVICE.search(title)
    dupe = _DUPE.search(title)
    if device and (
        _STYLE.search(title[device.end() :])
        or _IN_STYLE.search(title[: device.start()])
    ):
        dupe = device
    if dupe:
        said = "The title borrows another brand's name."
        return Ruling((Clause("P-302", "title", dupe.group(), "ask", said),))
    if not device or not _PART.search(title):
        return Ruling()
    before = title[: device.start()]
    is_makers_own = device.group().lower() in maker.lower()
    by_another = _OTHER_MAKER.search(text)
    if is_makers_own and by_another:
        said = "The brand field names the maker of the device, not of this item."
        return Ruling((Clause("P-302", "brand", maker[:500], "ask", said),))
    if _FOR.search(before) or _FOR.search(title[device.end() :]) or is_makers_own:
        return Ruling()
    said = "The title reads as if the accessory were made by the brand."
    return Ruling((Clause("P-302", "title", device.group(), "ask", said),))
