"""Measures the offline model on labelled data, beside two baselines.

    python -m benchmarks.offline_model DATA.jsonl [--threshold 0.5]

Rows that the classifier was trained on are judged by weights fitted without them
and their near-duplicates.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from moderation.assessment.compose import document_of
from moderation.content import Content
from moderation.offline_model import training
from moderation.offline_model.judge import judge
from moderation.offline_model.recipe import OFFLINE_THRESHOLD
from moderation.offline_model.signals import gather
from moderation.offline_model.weights import Weights, load
from moderation.standardise.standard import standardise

_TRAFFIC = (0.02, 0.05, 0.10)
_ORIGINS = ("made", "real", "real_edited")
_MENDED = frozenset({"P-701", "P-702", "P-707", "P-708"})


class Judged(NamedTuple):
    """One row: what it is, and which systems would let it go live unseen."""

    id: str
    origin: str
    is_bad: bool
    needs_wording: bool
    passes: Mapping[str, bool]
    confidence: float


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of JSON lines; only "\n" ends a line.

    `splitlines` would cut a row at a line separator (U+2028) inside a text.
    """
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _weights_without(ids: set[str]) -> dict[str, Weights]:
    """Return row id -> weights fitted without it, for rows of the training file."""
    rows = _read(training.TRAINING)
    if not any(row.get("id") in ids for row in rows):
        return {}
    examples = training.read_examples()
    fitted = training.out_of_fold(examples)
    return {
        row["id"]: weights
        for row, weights in zip(rows, fitted, strict=False)
        if row.get("id") in ids
    }


def judge_row(
    row: Mapping[str, Any], threshold: float, weights: Weights | None
) -> Judged:
    """Judge one labelled row by the model and by the baselines."""
    raw = Content.from_dict(row["listing"])
    tidied = standardise(raw)
    document = document_of(raw, tidied.content)
    refused = bool(tidied.refusals or tidied.asks)
    verdict = judge(**document, weights=weights)
    actions = {clause["action"] for clause in verdict["clauses"]}
    is_clear = not refused and not actions & {"reject", "ask"}
    signals = gather(**document)
    expected = row["expected"]
    codes = {code for code in expected["policy_codes"] if code.startswith("P")}
    found = {clause["code"] for clause in verdict["clauses"]}
    return Judged(
        row.get("id", ""),
        row.get("origin", ""),
        expected["decision"] == "reject" or bool(expected["needs_human"]),
        bool(codes - (found & _MENDED)),
        {
            "this model": is_clear
            and not verdict["doubt"]
            and verdict["confidence"] >= threshold,
            "rules only": not refused and not signals.findings,
            "majority class": True,
        },
        verdict["confidence"],
    )


def _share(some: Sequence[Any], of: Sequence[Any]) -> float:
    return len(some) / len(of) if of else 0.0


def figures(rows: Sequence[Judged], system: str) -> dict[str, float]:
    """Return the figures of one system."""
    bad = [row for row in rows if row.is_bad]
    good = [row for row in rows if not row.is_bad]
    missed = [row for row in bad if row.passes[system]]
    passed = [row for row in good if row.passes[system]]
    miss, cover = _share(missed, bad), _share(passed, good)
    result = {"bad let through": miss, "coverage": cover}
    for origin in _ORIGINS:
        of = [row for row in good if row.origin == origin]
        if of:
            some = [row for row in of if row.passes[system]]
            result[f"coverage of {origin}"] = _share(some, of)
    result["wrong among approvals"] = _share(missed, missed + passed)
    unmended = [row for row in passed if row.needs_wording]
    result["approvals with wording left"] = _share(unmended, missed + passed)
    for share in _TRAFFIC:
        wrong, right = share * miss, (1 - share) * cover
        name = f"wrong at {share:.0%} bad traffic"
        result[name] = wrong / (wrong + right) if wrong + right else 0.0
    return result


def _table(rows: Sequence[Judged], systems: Iterable[str]) -> str:
    columns = {system: figures(rows, system) for system in systems}
    lines = ["| figure | " + " | ".join(columns) + " |"]
    lines.append("| --- " * (len(columns) + 1) + "|")
    for name in next(iter(columns.values())):
        cells = (f"{column[name]:.1%}" for column in columns.values())
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _by_threshold(rows: Sequence[Judged], listed: Mapping[str, bool]) -> str:
    lines = ["threshold: bad let through, coverage"]
    for step in range(30, 100, 5):
        at = step / 100
        through = [r for r in rows if listed[r.id] and r.confidence >= at]
        bad = [r for r in through if r.is_bad]
        all_bad = [r for r in rows if r.is_bad]
        all_good = [r for r in rows if not r.is_bad]
        share = _share(bad, all_bad)
        cover = (len(through) - len(bad)) / max(1, len(all_good))
        lines.append(f"{at:.2f}: {share:.1%}, {cover:.1%}")
    return "\n".join(lines)


def main() -> int:
    """Measure and print; 1 when the file holds no labelled row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--threshold", type=float, default=OFFLINE_THRESHOLD)
    parser.add_argument("--thresholds", action="store_true", help="figures for each")
    options = parser.parse_args()
    rows = _read(options.data)
    if not rows:
        sys.stderr.write("No rows.\n")
        return 1
    without = _weights_without({row.get("id", "") for row in rows})
    load()
    judged = [
        judge_row(row, options.threshold, without.get(row.get("id", "")))
        for row in rows
    ]
    print(_table(judged, ("this model", "rules only", "majority class")))
    documents = [Content.from_dict(row["listing"]).as_dict() for row in rows]
    began = time.process_time()
    for document in documents:
        judge(document, {})
    print(f"\n{1000 * (time.process_time() - began) / len(rows):.1f} ms a listing")
    if options.thresholds:
        open_to_all = {
            row.id: judge_row(source, 0.0, without.get(row.id)).passes["this model"]
            for row, source in zip(judged, rows, strict=True)
        }
        print(_by_threshold(judged, open_to_all))
    return 0


if __name__ == "__main__":
    sys.exit(main())
