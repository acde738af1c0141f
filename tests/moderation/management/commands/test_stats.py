"""stats: problems in, answers out, in order; what cannot be answered is named."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def ask(monkeypatch: pytest.MonkeyPatch, kind: str, *problems: Any) -> list[Any]:
    """Return the answers to problems on standard input."""
    lines = (p if isinstance(p, str) else json.dumps(p) for p in problems)
    monkeypatch.setattr("sys.stdin", StringIO("\n".join(lines) + "\n"))
    out = StringIO()
    call_command("stats", kind, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_audit_answers_each_line_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, looked, wrong = (12000, 6000, 2000), (120, 180, 240), (0, 1, 9)
    bands = [
        {"size": size, "n": n, "wrong": k}
        for size, n, k in zip(sizes, looked, wrong, strict=True)
    ]
    one, none, several = ask(
        monkeypatch,
        "audit",
        {"strata": [{"size": 20000, "n": 600, "wrong": 3}], "delta": 0.05},
        {"strata": [{"size": 10, "n": 0, "wrong": 0}]},
        {"strata": bands, "delta": 0.05},
    )
    assert one["upper"] == pytest.approx(0.0128716489474, rel=1e-9)
    assert none == {"estimate": None, "lower": 0.0, "upper": 1.0}
    assert several["upper"] == pytest.approx(0.0206206636186, rel=1e-9)


def test_buckets_are_the_published_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = ["merchant-1", "merchant-2", "42", "müller-Ω", ""]
    (answer,) = ask(monkeypatch, "bucket", {"salt": "rollout-v1", "ids": ids})
    assert answer == {"buckets": [6892, 7736, 2800, 4684, 7652]}


def test_pairs_give_p_and_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    (answer,) = ask(monkeypatch, "paired", {"b": 15, "c": 5})
    assert answer["p"] == pytest.approx(0.041389465332, rel=1e-9)
    assert answer["log_e"] > 0


@pytest.mark.parametrize(
    ("kind", "problem", "words"),
    [
        ("audit", "{", "Line 1"),
        ("audit", {}, "'strata' is missing"),
        ("audit", {"strata": [{"size": 1, "n": 2, "wrong": 0}]}, "wrong <= n"),
        ("audit", {"strata": [{"size": 1.5, "n": 1, "wrong": 0}]}, "whole number"),
        ("paired", {"b": -1, "c": 0}, "whole number"),
        ("paired", {"b": True, "c": 0}, "whole number"),
        ("bucket", [], "Line 1"),
    ],
)
def test_what_cannot_be_answered_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: str, problem: Any, words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        ask(monkeypatch, kind, problem)
