"""Gives the offline model's verdict on one listing.

Decides clauses, doubt, fixes and a stated confidence from the signals. Refuses to
know merchants, thresholds and routes: the pipeline decides what a verdict is worth.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moderation.offline_model.clauses import Clause, Cut
from moderation.offline_model.confidence import probability
from moderation.offline_model.contact import judge_contact
from moderation.offline_model.contact_net import remains
from moderation.offline_model.doubts import Topic
from moderation.offline_model.rules import Finding
from moderation.offline_model.sections import section_title
from moderation.offline_model.signals import Signals, gather
from moderation.offline_model.texts import View, view
from moderation.offline_model.weights import Weights

_MOST_CLAUSES = 30
_LONGEST_QUOTE = 500
_UNLIKELY = 0.5
_NO_QUOTE = ("price", "images", "listing")
_FIELDS = (
    "title",
    "description",
    "price",
    "category",
    "brand",
    "condition",
    "attributes",
)


def judge(
    listing: Mapping[str, Any],
    tidied: Mapping[str, Any],
    weights: Weights | None = None,
) -> dict[str, Any]:
    """Return the verdict on a listing as JSON-ready data.

    Args:
        listing: as the merchant sent it; keys of Content.as_dict(), images counted.
        tidied: values after the mechanical rules, where they differ.
        weights: of another training than the shipped one, for measuring.

    Source: data policy sections 1 to 7; docs of the verdict in assessment/verdict.py.
    """
    signals = gather(listing, tidied)
    clauses = _clauses(signals)
    chance = probability(signals, weights)
    proposed = _proposed(signals, clauses)
    doubts = _named_doubts(signals, clauses)
    if not clauses and not doubts and chance < _UNLIKELY:
        doubts = ["the wording is unlike that of ordinary listings"]
    confidence = _stated(clauses, doubts, chance)
    return {
        "reasoning": _reasoning(signals, clauses, doubts),
        "clauses": [clause._asdict() for clause in clauses],
        "doubt": "; ".join(doubts)[:1000],
        "proposed": proposed,
        "field_confidence": _field_confidence(clauses, confidence),
        "confidence": confidence,
        "language": _tag(signals.language.language),
    }


def _clauses(signals: Signals) -> list[Clause]:
    """Merge rule findings and rulings; one clause per section, field and action."""
    found = [
        _from_finding(signals.view, finding)
        for finding in signals.findings
        if not _is_mended(signals, finding)
    ]
    found += signals.clauses
    found += _left_over(signals, found)
    severity = {"reject": 0, "ask": 1, "fix": 2}
    kept: dict[tuple[str, str], Clause] = {}
    for clause in sorted(found, key=lambda c: severity[c.action]):
        clause = _with_quote(signals.view, clause)
        kept.setdefault((clause.code, clause.field), clause)
    ordered = sorted(kept.values(), key=lambda c: (severity[c.action], c.code))
    return ordered[:_MOST_CLAUSES]


def _left_over(signals: Signals, found: Sequence[Clause]) -> list[Clause]:
    """Ask when a contact still stands anywhere in what a fix would publish."""
    cuts = [cut for ruling in signals.rulings for cut in ruling.cuts]
    if not cuts or any(clause.action != "fix" for clause in found):
        return []
    seen = signals.view
    description = seen.fields["description"]
    removed = [description[cut.start : cut.end] for cut in cuts]
    published = {**seen.fields, "description": _without(description, cuts)}
    listing = {**published, "attributes": seen.attributes}
    again = judge_contact(view(listing, {}), seen.fields["brand"]).clauses
    left = again[0].quote if again else remains(published, removed, published["brand"])
    if not left:
        return []
    said = "Without the removed words a contact detail may still stand in the listing."
    # under every code of a fix, so that none of them is published unseen
    fixed = {(clause.code, clause.field) for clause in found}
    return [Clause(code, field, left, "ask", said) for code, field in sorted(fixed)]


def _is_mended(signals: Signals, finding: Finding) -> bool:
    """A contact or link rule inside a sentence that a judge cuts out is mended."""
    if finding.rule.code not in ("P-701", "P-702") or finding.rule.action == "reject":
        return False
    cuts = [cut for ruling in signals.rulings for cut in ruling.cuts]
    return any(
        c.field == finding.field and c.start <= finding.start < c.end for c in cuts
    )


def _from_finding(view: View, finding: Finding) -> Clause:
    rule = finding.rule
    quote = view.fields[finding.field][finding.start : finding.end]
    said = rule.explanation or (
        f"The words fall under {rule.code} ({section_title(rule.code)}):"
        f" {rule.name.replace('_', ' ').replace('-', ' ')}."
    )
    # only what a judge cuts out itself is mended without a person
    action = "ask" if rule.action == "fix" else rule.action
    return Clause(rule.code, finding.field, quote, action, said)


def _with_quote(view: View, clause: Clause) -> Clause:
    """Make the quote occur in the listing as sent, or point at the whole listing."""
    quote = clause.quote.strip()[:_LONGEST_QUOTE]
    if clause.field in _NO_QUOTE:
        return clause._replace(quote="")
    sent = view.sent.get(clause.field, "")
    if quote and (quote in sent or quote in view.fields.get(clause.field, "")):
        return clause._replace(quote=_one_attribute(clause.field, quote))
    words = re.findall(r"\w+", quote)
    if words:
        loose = r"\W{1,12}".join(re.escape(word) for word in words[:40])
        match = re.search(loose, sent, re.I)
        if match:
            return clause._replace(quote=match.group()[:_LONGEST_QUOTE])
    return clause._replace(field="listing", quote="")


def _one_attribute(field: str, quote: str) -> str:
    """A quote may not run over the line between two attributes."""
    return quote.split("\n")[0] if field == "attributes" else quote


def _proposed(signals: Signals, clauses: Sequence[Clause]) -> dict[str, Any]:
    proposed: dict[str, Any] = dict.fromkeys(
        ("title", "description", "category", "brand", "condition", "attributes")
    )
    cuts = [cut for ruling in signals.rulings for cut in ruling.cuts]
    if any(clause.action != "fix" for clause in clauses):
        return proposed
    if cuts:
        proposed["description"] = _without(signals.view.fields["description"], cuts)
    if signals.condition:
        proposed["condition"] = signals.condition
    return proposed


def _without(text: str, cuts: Iterable[Cut]) -> str:
    """Return a description without some parts, its spaces and lines tidied."""
    for cut in sorted(cuts, key=lambda c: c.start, reverse=True):
        if cut.field == "description":
            text = f"{text[: cut.start].rstrip(' ')} {text[cut.end :].lstrip(' ')}"
    text = re.sub(r"[ \t]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def passes_rules(signals: Signals) -> bool:
    """Say whether neither a clause nor a named doubt asks for a person."""
    clauses = _clauses(signals)
    if any(clause.action != "fix" for clause in clauses):
        return False
    return not _named_doubts(signals, clauses)


def _named_doubts(signals: Signals, clauses: Sequence[Clause]) -> list[str]:
    doubts = [doubt for ruling in signals.rulings for doubt in ruling.doubts]
    if signals.language.unsupported:
        doubts.append("parts are in a language that the lists do not cover")
    settled = _settled(signals, clauses)
    for topic in signals.topics:
        if not topic.is_weak and topic.code not in settled:
            doubts.append(
                f'"{topic.quote[:60]}" touches {topic.code} ({topic.name}): '
                "does it forbid the listing?"
            )
    return list(dict.fromkeys(doubts))


def _settled(signals: Signals, clauses: Sequence[Clause]) -> frozenset[str]:
    """Return the sections whose topics need no second look.

    A fix removes what it is about, and a condition that says used agrees with words
    about use.
    """
    fixed = {clause.code for clause in clauses if clause.action == "fix"}
    if fixed & {"P-701", "P-702"}:
        fixed |= {"P-701", "P-702"}
        if all(_inside_cuts(signals, t) for t in signals.topics if t.code == "P-303"):
            fixed.add("P-303")
    if signals.condition or signals.fields["condition"] not in ("", "new"):
        fixed.add("P-708")
    return frozenset(fixed)


def _inside_cuts(signals: Signals, topic: Topic) -> bool:
    text = signals.view.fields[topic.field]
    at = text.find(topic.quote)
    cuts = [cut for ruling in signals.rulings for cut in ruling.cuts]
    return any(c.field == topic.field and c.start <= at < c.end for c in cuts)


def _stated(clauses: Sequence[Clause], doubts: Sequence[str], chance: float) -> float:
    """Return the stated confidence: low where a clause or a doubt asks for a person."""
    if any(clause.action == "reject" for clause in clauses):
        return round(min(chance, 0.02), 4)
    if any(clause.action == "ask" for clause in clauses):
        return round(min(chance, 0.08), 4)
    if doubts:
        return round(min(chance, 0.4), 4)
    return round(chance, 4)


def _field_confidence(clauses: Sequence[Clause], confidence: float) -> dict[str, float]:
    """A field that a clause names is as doubtful as the clause; others are sure."""
    sure = dict.fromkeys(_FIELDS, 0.98)
    for clause in clauses:
        names = [clause.field] if clause.field in sure else ["title", "description"]
        for name in names:
            low = {"reject": 0.05, "ask": 0.3, "fix": 0.95}[clause.action]
            sure[name] = min(sure[name], low)
    if confidence < 0.5:
        sure["description"] = min(sure["description"], 0.6)
    return sure


def _reasoning(
    signals: Signals, clauses: Sequence[Clause], doubts: Sequence[str]
) -> str:
    if clauses:
        codes = ", ".join(dict.fromkeys(clause.code for clause in clauses))
        return f"Sections that call for an action: {codes}."
    if doubts:
        return f"No section is plainly broken, but {doubts[0]}."
    goods = ", ".join(sorted(signals.familiar.departments)) or "goods"
    return f"Ordinary {goods} in ordinary words; no section calls for an action."


def _tag(language: str) -> str:
    return language if re.fullmatch(r"[a-z]{2,3}", language) else "und"
