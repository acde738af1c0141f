"""A frozen dataset in the forms that other eval tools read.

jsonl is our own labelled form; promptfoo and inspect are JSON lines as those tools
load them. A listing goes out as one text of JSON, so that no tool takes a list in
it for several tests, or an address in it for a file to read.
Sources: promptfoo.dev/docs/configuration/test-cases; inspect.aisi.org.uk/datasets.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moderation.models import EvalDataset, EvalDatasetCase

# What an answer amounts to, as evals/scoring.py says it, in promptfoo's language.
_DECISION = (
    "const found = (JSON.parse(output).clauses || []).map(c => c.action);\n"
    "const said = found.includes('reject') ? 'reject'"
    " : found.includes('ask') ? 'ask'"
    " : found.length ? 'approve_with_fixes' : 'approve';\n"
    "return said === {wanted};"
)


def lines_of(dataset: EvalDataset, form: str) -> Iterator[str]:
    """Yield a dataset's lines in one of FORMS, each without its line break.

    Raises:
        KeyError: no such form.
    """
    shape = FORMS[form]
    rows = EvalDatasetCase.objects.filter(dataset=dataset).select_related("case")
    for row in rows.order_by("position").iterator(chunk_size=500):
        yield json.dumps(shape(row), ensure_ascii=True)


def _labelled(row: EvalDatasetCase) -> Mapping[str, Any]:
    case = row.case
    return {
        "id": case.reference,
        "listing": row.listing,
        "expected": row.expected,
        **_about(row),
        "rationale": case.rationale,
    }


def _promptfoo(row: EvalDatasetCase) -> Mapping[str, Any]:
    expected = row.expected
    wanted = json.dumps(expected["decision"])
    checks: list[dict[str, Any]] = [
        {"type": "is-json"},
        {"type": "javascript", "value": _DECISION.replace("{wanted}", wanted)},
    ]
    checks += [
        {"type": "contains", "value": code}
        for code in expected.get("policy_codes", ())
        if code.startswith("P-")
    ]
    return {
        "description": f"{row.case.reference}: {expected['decision']}",
        "vars": {"id": row.case.reference, "listing": _text(row.listing)},
        "assert": checks,
        "metadata": {**_about(row), "expected": _text(expected)},
    }


def _inspect(row: EvalDatasetCase) -> Mapping[str, Any]:
    return {
        "id": row.case.reference,
        "input": _text(row.listing),
        "target": row.expected["decision"],
        "metadata": {**_about(row), "expected": row.expected},
    }


def _about(row: EvalDatasetCase) -> dict[str, Any]:
    case = row.case
    return {
        "difficulty": case.difficulty,
        "origin": case.origin,
        "language": case.language,
        "tags": case.tags,
        "provenance": case.provenance,
    }


def _text(data: object) -> str:
    return json.dumps(data, ensure_ascii=True)


FORMS: Mapping[str, Callable[[EvalDatasetCase], Mapping[str, Any]]] = {
    "jsonl": _labelled,
    "promptfoo": _promptfoo,
    "inspect": _inspect,
}
