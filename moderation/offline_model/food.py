"""Asks for the date of food.

Decides the missing date of P-208 alone; forbidden foods are in the terms.
"""

import re
from collections.abc import Mapping, Sequence

from moderation.offline_model.clauses import Clause, Ruling
from moderation.offline_model.goods import departments_of
from moderation.offline_model.matcher import tokenise

_DATED = re.compile(
    r"\b(?:best[- ]before|expir\w*|exp\.? ?date|shelf[- ]life|use by|date (?:is |"
    r"printed |stamped )?on|dated|keeps? (?:for )?\d+|"
    r"months|kedaluwarsa|kadaluarsa|exp|expired|tahan (?:hingga|sampai|\d)|masa simpan|"
    r"tarikh luput|jangka hayat|"
    r"caducidad|vencimiento|consumo preferente|vida útil|mindestens haltbar|"
    r"haltbar\w*|mhd|"
    r"durabilité|dlc|ddm|à consommer|date (?:sur|limite)|termin\w* (?:przydatności|"
    r"ważności)|"
    r"przydatności|ważności|data (?:na|minimal\w*)|valabil\w*|expiră|termen\w* de|"
    r"validade|vencimento|consumir até|prazo)\b|保质期|หมดอายุ|hạn sử dụng|hsd",
    re.I,
)
_FOOD_PATH = re.compile(
    r"\b(?:foods?|groceries|grocery|beverages?|snacks?|tea|coffee|sweets|"
    r"confectionery|makanan|minuman|"
    r"alimentos?|comida|bebidas|abarrotes|despensa|lebensmittel|getränke|süß\w*|"
    r"alimentation|épicerie|"
    r"boissons|tisanes?|żywność|spożywcz\w*|napoje|alimente|băuturi|mercearia)\b|食品|"
    r"อาหาร|thực phẩm",
    re.I,
)
_NOT_FOOD = re.compile(
    r"\b(?:play food|pet food|dog|cat|storage|container|dispenser|lunch|"
    r"kids kitchen|maker|machine|grinder|"
    r"mug|cup|infuser|filter|box|mould|mold|cutter|bag clip|bowl|wraps?|caddy|jar|"
    r"service|set|tasses?|vaisselle|porcelaine|boîte|moule|becher|tassen?|"
    r"geschirr|kanne|dosen?|mühle|backform|taza|tazas|vajilla|tarro|molde|cafetera|"
    r"especiero|kubek|kubki|filiżan\w*|puszka|młynek|słoik|ceașcă|cești|cană|râșniță|"
    r"xícaras?|caneca|pote|forma|cafeteira|toples|cetakan|cangkir|teko|wadah)\b",
    re.I,
)


def judge_food(fields: Mapping[str, str], languages: Sequence[str]) -> Ruling:
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
