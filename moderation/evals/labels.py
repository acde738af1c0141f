"""Whether a label can be used: the one schema of labelled.jsonl, in words.

Pure. Names everything that is wrong at once; mends nothing.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from moderation.content import FIELDS, Problem
from moderation.evals.cases import DECISIONS

KEYS = (
    "decision",
    "policy_codes",
    "needs_human",
    "fields",
    "must_not_contain",
    "condition_in",
)

MOST_CHARACTERS = 100_000


def label_problems(label: object, known_codes: Collection[str]) -> tuple[Problem, ...]:
    """Return what is wrong with a label, empty when nothing is.

    Args:
        label: as parsed from JSON.
        known_codes: the codes of the policy's clauses.
    """
    if not isinstance(label, Mapping):
        return (Problem("expected", "wrong_type", "A label is a JSON object."),)
    if not is_storable(label):
        words = "It holds characters that no database stores, or is too long."
        return (Problem("expected", "not_storable", words),)
    found = [
        Problem(str(key), "unknown_field", f"A label has no {key}.")
        for key in label
        if key not in KEYS
    ]
    decision = label.get("decision")
    if decision not in DECISIONS:
        words = f"The decision is one of {', '.join(DECISIONS)}."
        found.append(Problem("decision", "not_a_choice", words))
    if not isinstance(label.get("needs_human", False), bool):
        found.append(Problem("needs_human", "wrong_type", "Say true or false."))
    found += _codes(label, decision, known_codes)
    found += _fields(label, decision)
    for name in ("must_not_contain", "condition_in"):
        if not _is_texts(label.get(name, [])):
            found.append(Problem(name, "wrong_type", "Give a list of texts."))
    return tuple(found)


def is_storable(value: object) -> bool:
    """Tell whether JSON data can be stored and shown everywhere.

    NUL and lone surrogates cannot, nor can NaN and the infinities.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:
        return False
    return "\\u0000" not in text and len(text) <= MOST_CHARACTERS


def _codes(
    label: Mapping[str, Any], decision: object, known_codes: Collection[str]
) -> list[Problem]:
    codes = label.get("policy_codes", [])
    if not _is_texts(codes):
        return [Problem("policy_codes", "wrong_type", "Give a list of codes.")]
    found = [
        Problem("policy_codes", "unknown_clause", f"{code} is no clause of the policy.")
        for code in codes
        if code not in known_codes
    ]
    if decision == "reject" and not codes:
        words = "A rejection names the clause it rests on."
        found.append(Problem("policy_codes", "required", words))
    return found


def _fields(label: Mapping[str, Any], decision: object) -> list[Problem]:
    fields = label.get("fields", {})
    if not isinstance(fields, Mapping):
        return [Problem("fields", "wrong_type", "Give an object of field to value.")]
    found = [
        Problem("fields", "unknown_field", f"{name} is no field of a listing.")
        for name in fields
        if name not in FIELDS
    ]
    found += [
        Problem("fields", "wrong_type", f"{name} is a text or null.")
        for name, value in fields.items()
        if name in FIELDS and not _is_value(name, value)
    ]
    if decision == "reject" and fields:
        words = "What is rejected is not published: it has no values."
        found.append(Problem("fields", "not_published", words))
    return found


def _is_value(name: str, value: object) -> bool:
    if name == "attributes":
        return value is None or (
            isinstance(value, Mapping)
            and all(isinstance(text, str) for text in value.values())
        )
    return value is None or isinstance(value, str) or _is_texts(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
