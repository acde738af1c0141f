"""Reads a listing once and gathers all that speaks for or against it.

Decides nothing: it runs the rules and judges and keeps what they found, for the
verdict and for the classifier's features.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from moderation.offline_model.accuracy import judge_accuracy
from moderation.offline_model.brands import judge_brand_use, judge_unlicensed_art
from moderation.offline_model.category import judge_category
from moderation.offline_model.clauses import Clause, Ruling
from moderation.offline_model.condition import judge_condition
from moderation.offline_model.contact import judge_contact
from moderation.offline_model.doubts import Topic, topics
from moderation.offline_model.evasion import judge_evasion
from moderation.offline_model.food import judge_food
from moderation.offline_model.goods import (
    Familiar,
    familiar,
    lexicons,
    native_words,
    vocabulary,
)
from moderation.offline_model.keywords import judge_keywords
from moderation.offline_model.language import Detected, detect
from moderation.offline_model.matcher import tokenise
from moderation.offline_model.pricing import judge_price
from moderation.offline_model.rules import Finding, rule_set
from moderation.offline_model.texts import View, view

_PLAIN_FIELDS = ("price", "currency", "condition")


class Signals(NamedTuple):
    """All that was found in one listing."""

    view: View
    fields: Mapping[str, str]
    language: Detected
    findings: tuple[Finding, ...]
    rulings: tuple[Ruling, ...]
    condition: str
    topics: tuple[Topic, ...]
    familiar: Familiar
    images: int

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Return the clauses of all judges but the term rules."""
        return tuple(clause for ruling in self.rulings for clause in ruling.clauses)


def _is_everyday(finding: Finding, fields: Mapping[str, str]) -> bool:
    """Say whether a rule only asks, and about one ordinary word that names no goods.

    Such a word (blade, volt) needs company to mean anything.
    """
    rule = finding.rule
    if rule.action != "ask" or rule.needs:
        return False
    words, _ = tokenise(fields[finding.field][finding.start : finding.end])
    lexicon = lexicons().get(finding.language)
    if lexicon is None or len(words) != 1:
        return False
    return words[0] in lexicon.words and words[0] not in lexicon.goods


def gather(listing: Mapping[str, Any], tidied: Mapping[str, Any]) -> Signals:
    """Run every rule and judge over a listing (as sent) and its tidied fields."""
    seen = view(listing, tidied)
    merged = {**listing, **{k: v for k, v in tidied.items() if v is not None}}
    fields = dict(seen.fields)
    for name in _PLAIN_FIELDS:
        fields[name] = str(merged.get(name) or "")
    hint = str(listing.get("language") or "")
    found = detect(seen.sentences, hint, vocabulary())
    native = native_words(found.language)
    rules = rule_set()
    findings = tuple(
        finding
        for finding in rules.apply(seen.sentences, found.apply, native)
        if not _is_everyday(finding, fields)
    )
    ordinary = familiar(seen.sentences, found.apply, fields["brand"])
    condition_ruling, condition = judge_condition(fields, seen.sentences)
    rulings = (
        judge_evasion(seen, findings, rules, found.apply),
        judge_contact(seen, fields["brand"]),
        judge_price(fields, seen.sentences, found.apply, ordinary.departments),
        judge_keywords(fields, seen.sent["title"]),
        judge_category(fields, ordinary.departments, found.apply),
        judge_brand_use(fields),
        judge_unlicensed_art(fields),
        condition_ruling,
        # wear that the mended condition tells of is no contradiction
        judge_accuracy(
            {**fields, "condition": condition or fields["condition"]}, seen.sentences
        ),
        judge_food(fields, found.apply),
    )
    touched = tuple(topics(seen.sentences, found.apply, native, seen.fields))
    urls = listing.get("image_urls") or ()
    images = int(listing.get("image_count") or len(urls))
    return Signals(
        seen, fields, found, findings, rulings, condition, touched, ordinary, images
    )
