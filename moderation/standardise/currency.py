"""Q-10: currency codes, and which currencies a sign or word in a price can mean.

Knows the codes of ISO 4217 that money is paid in (no metals, funds or test codes).
"""

from moderation.standardise.notes import Notes

_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL
    BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP
    ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR
    IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
    LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
    NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CODES = frozenset(_CODES.split())

# The policy's list: a currency field that holds exactly this.
_SIGNS = {
    "Rp": "IDR",
    "RM": "MYR",
    "€": "EUR",
    "£": "GBP",
    "US$": "USD",
    "฿": "THB",
    "₫": "VND",
    "S$": "SGD",
    "R$": "BRL",
}

# What may stand beside the digits of a price, and the currencies it can mean; an
# empty set says nothing. Written in lower case; dots at the end do not matter.
_DOLLARS = """
    USD AUD BBD BMD BND BRL BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MOP
    MXN NAD NIO NZD SBD SGD SRD TOP TTD TWD UYU XCD ARS
"""
_WORDS: dict[str, frozenset[str]] = {
    code.lower(): frozenset({code}) for code in CODES
} | {
    word: frozenset(codes.split())
    for words, codes in (
        ("€ euro euros", "EUR"),
        ("£ pound pounds", "GBP EGP FKP GIP SHP SDG SSP SYP LBP"),
        ("us$ $us", "USD"),
        ("rp rupiah", "IDR"),
        ("rm ringgit", "MYR"),
        ("฿ baht บาท", "THB"),
        ("₫ đ đồng dong vnđ", "VND"),
        ("s$", "SGD"),
        ("r$ reais real", "BRL"),
        ("a$ au$", "AUD"),
        ("c$ ca$", "CAD"),
        ("hk$", "HKD"),
        ("nt$", "TWD"),
        ("nz$", "NZD"),
        ("mx$ mex$", "MXN"),
        ("zł zl złotych", "PLN"),
        ("lei leu", "RON MDL"),
        ("kč", "CZK"),
        ("ft", "HUF"),
        ("kr", "SEK NOK DKK ISK"),
        ("fr sfr", "CHF"),
        ("лв", "BGN"),
        ("₽ руб р", "RUB"),
        ("₴ грн", "UAH"),
        ("₺ tl", "TRY"),
        ("₩ 원", "KRW"),
        ("₱", "PHP"),
        ("₹", "INR"),
        ("rs", "INR PKR LKR NPR MUR SCR"),
        ("¥ ￥ 元 円 圆 yen yuan rmb", "JPY CNY"),
        ("s/", "PEN"),
        ("peso pesos", "MXN CLP COP PHP ARS CUP DOP UYU"),
    )
    for word in words.split()
}
_WORDS |= dict.fromkeys(("$", "＄", "dollar", "dollars"), frozenset(_DOLLARS.split()))


def currencies_of(word: str) -> frozenset[str] | None:
    """Return the currencies a sign, code or word in a price can mean.

    The empty set means any; None means that it is no sign of a currency. Two
    signs side by side ("US$ USD") must agree.
    """
    word = word.strip().casefold()
    found = _WORDS.get(word) or _WORDS.get(word.rstrip(". "))
    if found is not None:
        return found
    parts = [currencies_of(part) for part in word.split()] if " " in word else []
    if not parts or None in parts:
        return None
    return frozenset.intersection(*(part for part in parts if part is not None)) or None


def standard_currency(raw: str, notes: Notes) -> str:
    """Return the ISO 4217 code of a currency field; refuse what is none (Q-10).

    A bare `$` is left as it is and asked about: it can mean some thirty currencies.
    """
    text = raw.strip()
    if text == "$":
        notes.ask(
            "Q-10",
            "currency",
            'The sign "$" stands for many currencies: a person has to say which. Write '
            "a three-letter code, such as USD.",
        )
        return raw
    code = _SIGNS.get(text) or text.upper()
    if code not in CODES:
        notes.refuse(
            "Q-10",
            "currency",
            "Write the currency as a three-letter ISO 4217 code, such as EUR.",
        )
        return raw
    return notes.changed("Q-10", "currency", raw, code, silent=code == text)
