"""Draws docs/states.md from moderation/states.py; --check fails when it is stale.

Knows how a machine is drawn, not which machines there are.
"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from moderation.states import MACHINES, FailureKind, Move

_HEAD = """# States

Drawn from `moderation/states.py` by `make docs`; change that file, never this one.
Every move goes through `moderation/models/transition.py`, which refuses all others.
"""


def drawn_states() -> str:
    """Return docs/states.md as it should be."""
    parts = [_HEAD, *(_machine(name, moves) for name, moves in MACHINES.items())]
    parts.append(_failures())
    return "\n".join(parts)


def _machine(name: str, moves: Sequence[Move]) -> str:
    return "\n".join([f"## {name}", "", *_diagram(moves), "", *_table(moves), ""])


def _diagram(moves: Sequence[Move]) -> Iterator[str]:
    sources = {move.source for move in moves}
    targets = {move.target for move in moves}
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {moves[0].source}"
    for move in moves:
        # Mermaid ends a label at these two signs.
        label = move.because.replace(";", ",").replace(":", ",")
        yield f"    {move.source} --> {move.target}: {label}"
    for end in sorted(targets - sources):
        yield f"    {end} --> [*]"
    yield "```"


def _table(moves: Sequence[Move]) -> Iterator[str]:
    yield "| From | To | When |"
    yield "|---|---|---|"
    for move in moves:
        yield f"| {move.source} | {move.target} | {move.because} |"


def _failures() -> str:
    kinds = ", ".join(f"`{kind}`" for kind in FailureKind)
    return (
        "## Failures\n\nNo machine ends in a failure: a failure is the reason on a "
        f"review task. The kinds, each with its entry in [the runbook](runbook.md):\n"
        f"{kinds}.\n"
    )


class Command(BaseCommand):
    """Write the drawn documents, or tell that they are stale."""

    help = "Writes docs/states.md from the code; with --check only compares."
    # The drawing needs the states alone, not a project that is in order.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the two switches."""
        parser.add_argument("--check", action="store_true", help="write nothing")
        parser.add_argument("--json", action="store_true", help="JSON on the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare; a stale document is an error under --check."""
        path = Path(settings.BASE_DIR) / "docs" / "states.md"
        wanted = drawn_states()
        found = path.read_text(encoding="utf-8") if path.exists() else ""
        is_stale = found != wanted
        if is_stale and options["check"]:
            raise CommandError("docs/states.md is stale: run `make docs`.")
        if is_stale:
            path.write_text(wanted, encoding="utf-8")
        if options["json"]:
            self.stdout.write(json.dumps({"written": is_stale}))
