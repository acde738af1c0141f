"""The statistical core on standard input: one JSON problem a line, one answer each."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from moderation.evals.audit import Stratum, false_approval_rate
from moderation.evals.paired import log_e, mcnemar
from moderation.rollout.assign import bucket

# No marketplace counts further, and an exact sum over more would take minutes.
MOST = 10_000_000


def _audit(problem: Mapping[str, Any]) -> dict[str, Any]:
    strata = [
        Stratum(*(_count(part, name) for name in ("size", "n", "wrong")))
        for part in problem["strata"]
    ]
    found = false_approval_rate(strata, float(problem.get("delta", 0.05)))
    return {
        "estimate": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
    }


def _paired(problem: Mapping[str, Any]) -> dict[str, Any]:
    b, c = _count(problem, "b"), _count(problem, "c")
    return {"p": mcnemar(b, c), "log_e": log_e(b, c)}


def _bucket(problem: Mapping[str, Any]) -> dict[str, Any]:
    salt, ids = problem["salt"], problem["ids"]
    if not isinstance(salt, str) or not isinstance(ids, list):
        raise ValueError("salt must be a text and ids a list.")
    return {"buckets": [bucket(salt, str(name)) for name in ids]}


def _count(problem: Mapping[str, Any], name: str) -> int:
    value = problem[name]
    if type(value) is not int or not 0 <= value <= MOST:
        raise ValueError(f"{name} must be a whole number from 0 to {MOST:,}.")
    return value


KINDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "audit": _audit,
    "bucket": _bucket,
    "paired": _paired,
}


class Command(BaseCommand):
    """Answer statistical problems."""

    help = (
        "Reads JSON, one problem a line, and writes one answer a line in the same "
        'order. audit: {"strata": [{"size", "n", "wrong"}], "delta"} gives estimate, '
        'lower, upper (each bound at risk delta, 0.05). paired: {"b", "c"} gives the '
        'exact p and log_e. bucket: {"salt", "ids"} gives buckets.'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take which kind of problem."""
        parser.add_argument("kind", choices=sorted(KINDS))

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer each line; a line that cannot be answered ends the command."""
        solve = KINDS[options["kind"]]
        for number, line in enumerate(sys.stdin, start=1):
            if not line.strip():
                continue
            try:
                answer = solve(json.loads(line))
            except RecursionError as error:
                raise CommandError(f"Line {number}: nested too deep.") from error
            except (ArithmeticError, KeyError, TypeError, ValueError) as error:
                what = f"{error} is missing" if isinstance(error, KeyError) else error
                raise CommandError(f"Line {number}: {what}") from error
            self.stdout.write(json.dumps(answer))
