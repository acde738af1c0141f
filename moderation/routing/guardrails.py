"""Named vetoes on auto-approval: each a small question with its own reason.

Pure. A guardrail never refuses a listing; it only asks for a person.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from moderation.content import Content

# Invisible inside words, bidirectional controls, tags: nothing a seller needs.
HIDDEN = re.compile(
    "[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
PRICE_FACTOR = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guardrails look at.

    Attributes:
        raw: the listing as the merchant sent it.
        after: what would be published.
        asks: quality rules that want a person (code to words).
        language: the listing's language as judged, BCP 47.
        supported_languages: of the pipeline version, primary subtags.
        merchant_decisions: effective decisions the merchant has so far.
        new_merchant_limit: below this many the merchant counts as new.
        is_established: the merchant is trusted from the start.
        is_restricted: an admin wants a person for everything of the merchant.
        near_rejection: public id of a rejected listing much like this one.
        usual_price: lowest and highest usual price of the category and currency.
        rule_findings: clause codes that the term rules found (code to quote).
        unmended: codes of P fixes that only a person should judge.
        reads_images, image_unreadable: as their names say.
        is_fallback: the answer came from a fallback provider.
    """

    raw: Content
    after: Content
    asks: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    supported_languages: frozenset[str] = frozenset()
    merchant_decisions: int = 0
    new_merchant_limit: int = 0
    is_established: bool = True
    is_restricted: bool = False
    near_rejection: str = ""
    usual_price: tuple[Decimal, Decimal] | None = None
    rule_findings: Mapping[str, str] = field(default_factory=dict)
    unmended: tuple[str, ...] = ()
    reads_images: bool = False
    image_unreadable: bool = False
    is_fallback: bool = False


def hidden_text(facts: Facts) -> str:
    """Veto invisible or direction-changing characters in the merchant's words."""
    raw = facts.raw
    names, values = raw.attributes.keys(), raw.attributes.values()
    texts = (raw.title, raw.description, raw.brand, raw.category, *names, *values)
    if any(HIDDEN.search(text) for text in texts):
        return "The text holds characters that cannot be seen."
    return ""


def prohibited_terms(facts: Facts) -> str:
    """Veto what the term rules found, whatever the model says."""
    if facts.rule_findings:
        codes = ", ".join(sorted(facts.rule_findings))
        return f"The term rules found words that call for {codes}."
    return ""


def unsupported_language(facts: Facts) -> str:
    """Veto a language that the pipeline version was not tested in."""
    primary = facts.language.split("-")[0].lower()
    if facts.supported_languages and primary not in facts.supported_languages:
        return f"The language {primary or 'is unclear and'} is not one we can judge."
    return ""


def new_merchant(facts: Facts) -> str:
    """Veto a merchant's first listings."""
    if not facts.is_established and facts.merchant_decisions < facts.new_merchant_limit:
        return (
            f"A new merchant: {facts.merchant_decisions} of "
            f"{facts.new_merchant_limit} first decisions made."
        )
    return ""


def restricted_merchant(facts: Facts) -> str:
    """Veto a merchant whom an admin has restricted."""
    return "An admin asked for a person to read this merchant." * facts.is_restricted


def near_duplicate_of_rejection(facts: Facts) -> str:
    """Veto a listing much like one that was rejected."""
    if facts.near_rejection:
        return f"Much like {facts.near_rejection}, which was rejected."
    return ""


def price_anomaly(facts: Facts) -> str:
    """Veto a price far outside the category's usual range."""
    if facts.usual_price is None:
        return ""
    try:
        price = Decimal(facts.after.price)
    except InvalidOperation:
        return "The price cannot be read."
    low, high = facts.usual_price
    if price * PRICE_FACTOR < low or price > high * PRICE_FACTOR:
        return f"The price is far from the usual {low} to {high}."
    return ""


def quality_ask(facts: Facts) -> str:
    """Veto what a quality rule hands to a person, such as a bare $."""
    return " ".join(facts.asks.values())


def missing_field(facts: Facts) -> str:
    """Veto a listing that would be published without a required field."""
    after = facts.after
    missing = [
        name
        for name in ("title", "price", "currency", "category")
        if not getattr(after, name)
    ]
    return f"Missing: {', '.join(missing)}." if missing else ""


def wording_for_a_person(facts: Facts) -> str:
    """Veto fixes of wording that only a person should judge."""
    if facts.unmended:
        codes = ", ".join(sorted(set(facts.unmended)))
        return f"A fix under {codes} is for a person to judge."
    return ""


def image_unreadable(facts: Facts) -> str:
    """Veto an image that could not be read, where the version reads images."""
    if facts.reads_images and facts.image_unreadable:
        return "An image could not be read."
    return ""


def fallback_answer(facts: Facts) -> str:
    """Veto an answer from a fallback provider: it only fills in the screen."""
    return "The answer came from a fallback provider." * facts.is_fallback


GUARDRAILS: dict[str, Callable[[Facts], str]] = {
    check.__name__: check
    for check in (
        hidden_text,
        prohibited_terms,
        unsupported_language,
        new_merchant,
        restricted_merchant,
        near_duplicate_of_rejection,
        price_anomaly,
        quality_ask,
        missing_field,
        wording_for_a_person,
        image_unreadable,
        fallback_answer,
    )
}


def check_guardrails(facts: Facts) -> dict[str, str]:
    """Return every guardrail by name with its reason, empty where it holds."""
    return {name: check(facts) for name, check in GUARDRAILS.items()}
