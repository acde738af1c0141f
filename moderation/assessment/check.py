"""What must be true of an answer before anything relies on it.

Pure and deterministic: clause codes exist, quotes occur in the listing, proposed
values keep its facts. Refuses to mend an answer and to judge the policy.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from moderation.assessment.facts import facts_survive, foreign_share
from moderation.assessment.verdict import Verdict
from moderation.content import TEXT_FIELDS, Content, Problem

MAX_FOREIGN_SHARE = 0.5
"""Of the words of a proposed text, how many the listing may not have: rewording
stays well under it, another listing's text does not."""

_CODE = re.compile(r"\b([PQ]-\d{2,3})\b")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_ACTIVE = re.compile(
    r"<\s*/?\s*(script|style|iframe|object|embed|svg|img|link)\b", re.I
)
_MARKUP = re.compile(r"<\s*/?\s*[A-Za-z!]")
_LENGTHS = {"title": (5, 150), "description": (0, 5_000)}
"""Policy sections Q-01 and Q-15: what a proposal may not undo."""
_NO_QUOTE_NEEDED = frozenset({"images", "price", "listing"})
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})


@lru_cache(maxsize=32)
def codes_of(policy_text: str) -> frozenset[str]:
    """Return the codes of all sections that a policy text has as headings."""
    heads = re.findall(r"^(?:#{2,4} |\*\*)([PQ]-\d{2,3})\b", policy_text, re.M)
    return frozenset(heads or _CODE.findall(policy_text))


def check_answer(
    verdict: Verdict, *, raw: Content, tidied: Content, codes: frozenset[str]
) -> tuple[Problem, ...]:
    """Return everything wrong with a verdict that its schema cannot see.

    Args:
        verdict: an answer that fits the schema.
        raw: the listing as sent.
        tidied: the listing after the mechanical rules.
        codes: the policy's sections, from codes_of.

    Returns:
        Problems whose fields are schema paths and whose messages quote nothing, so
        that they may be repeated in an instruction; empty when all is well.
    """
    texts = _texts(raw, tidied)
    return (
        *_clause_problems(verdict, texts, raw, tidied, codes),
        *_proposal_problems(verdict, texts, tidied),
        *_other_problems(verdict),
    )


def _clause_problems(
    verdict: Verdict,
    texts: Sequence[str],
    raw: Content,
    tidied: Content,
    codes: frozenset[str],
) -> Iterator[Problem]:
    for number, clause in enumerate(verdict.clauses):
        where = f"clauses.{number}"
        if clause.code not in codes:
            yield Problem(
                f"{where}.code", "unknown_clause", "is no section of the policy"
            )
        quote = _plain(clause.quote)
        if quote:
            if not any(quote in text for text in texts):
                yield Problem(
                    f"{where}.quote",
                    "quote_not_found",
                    "does not occur in the listing; copy it exactly from one field",
                )
        elif clause.field not in _NO_QUOTE_NEEDED and (
            getattr(raw, clause.field) or getattr(tidied, clause.field)
        ):
            yield Problem(
                f"{where}.quote",
                "quote_missing",
                "is empty; quote the deciding words, or use the field listing when "
                "it is about something absent",
            )
        if not clause.explanation.strip():
            yield Problem(f"{where}.explanation", "empty", "is empty")


def _proposal_problems(
    verdict: Verdict, texts: Sequence[str], tidied: Content
) -> Iterator[Problem]:
    proposed = verdict.proposed
    may_go = [c.quote for c in verdict.clauses if c.action != "reject" and c.quote]
    known = " ".join(texts)
    for name in ("title", "description"):
        after = getattr(proposed, name)
        if after is None:
            continue
        where = f"proposed.{name}"
        yield from facts_survive(
            getattr(tidied, name),
            after,
            field=where,
            known=known,
            may_go=may_go,
            brand=_real_brand(tidied.brand),
        )
        if foreign_share(after, known) > MAX_FOREIGN_SHARE:
            yield Problem(where, "foreign_text", "is not a text about this listing")
        least, most = _LENGTHS[name]
        if not least <= len(after.strip()) <= most:
            yield Problem(
                where, "bad_length", f"must have {least} to {most} characters"
            )
    if proposed.brand and not _brand_is_known(proposed.brand, known):
        yield Problem("proposed.brand", "brand_added", "does not occur in the listing")
    for number, item in enumerate(proposed.attributes or ()):
        yield from facts_survive(
            "", item.value, field=f"proposed.attributes.{number}.value", known=known
        )
    yield from _text_problems(verdict)


def _text_problems(verdict: Verdict) -> Iterator[Problem]:
    proposed = verdict.proposed
    values = [
        ("title", proposed.title),
        ("description", proposed.description),
        ("category", proposed.category),
        ("brand", proposed.brand),
        *(
            (f"attributes.{n}", f"{item.name} {item.value}")
            for n, item in enumerate(proposed.attributes or ())
        ),
    ]
    for name, value in values:
        if value and _MARKUP.search(value):
            yield Problem(f"proposed.{name}", "markup", "must be plain text")
        if value and _has_hidden(value, line_breaks=name == "description"):
            yield Problem(
                f"proposed.{name}", "hidden_text", "holds characters nobody sees"
            )


def _other_problems(verdict: Verdict) -> Iterator[Problem]:
    said = [("reasoning", verdict.reasoning), ("doubt", verdict.doubt)]
    for number, clause in enumerate(verdict.clauses):
        said.append((f"clauses.{number}.explanation", clause.explanation))
    for where, text in said:
        if _ACTIVE.search(text):
            yield Problem(where, "markup", "must be plain text")
        if _has_hidden(text, line_breaks=True):
            yield Problem(where, "hidden_text", "holds characters nobody sees")
    if not verdict.reasoning.strip():
        yield Problem("reasoning", "empty", "is empty")
    if not _LANGUAGE.fullmatch(verdict.language):
        yield Problem("language", "bad_language", "is no BCP 47 tag such as en or id")


def _texts(raw: Content, tidied: Content) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for content in (raw, tidied):
        for name in TEXT_FIELDS:
            found[_plain(getattr(content, name))] = None
        for name, value in content.attributes.items():
            found[_plain(f"{name}: {value}")] = None
            found[_plain(f"{name} {value}")] = None
    found.pop("", None)
    return tuple(found)


def _plain(text: str) -> str:
    """Text for comparison: NFC, unseen characters gone, whitespace made one space."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return " ".join(text.split())


def _has_hidden(text: str, *, line_breaks: bool) -> bool:
    if text.isascii() and text.isprintable():
        return False
    allowed = "\n\t\u200d" if line_breaks else "\u200d"
    return any(unicodedata.category(c) in _HIDDEN and c not in allowed for c in text)


def _real_brand(brand: str) -> str:
    return "" if brand.casefold() == "unbranded" else brand


def _brand_is_known(brand: str, known: str) -> bool:
    if not _real_brand(brand.strip()):
        return True
    return _plain(brand).casefold() in known.casefold()
