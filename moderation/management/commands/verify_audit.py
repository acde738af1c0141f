"""Walks the chain of the audit log; exit status 1 with the first broken row."""

import re
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation import ledger
from moderation.management.output import VerbCommand, progress
from moderation.models.clock import database_now

_NOTED = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


class Command(VerbCommand):
    """Verify the audit log."""

    help = (
        "Follow the audit log's chain of hashes from its first row. Exit status 1 "
        "with the first row that was edited, deleted, moved, put in or cut off."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a head noted earlier, and the order to sign again."""
        super().add_arguments(parser)
        parser.add_argument(
            "--expect",
            metavar="ROW:HASH",
            help="a head noted earlier, as this command prints it, that the chain must "
            "still hold",
        )
        parser.add_argument(
            "--sign-again",
            action="store_true",
            help="after SECRET_KEY was changed: sign the head with the present key, if "
            "nothing else is wrong",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Walk, then say what was found."""
        expect = _noted(options["expect"])
        head, broken = ledger.kept_head()
        with progress(head.sequence, "Verifying", unit=" rows") as bar:
            walked = ledger.walk(head, expect=expect, seen=bar.update)
        broken = walked.broken or broken
        if broken and broken.kind == "signature" and options["sign_again"]:
            ledger.sign_again()
            broken = None
        now, waits = database_now(), ledger.waiting()
        age = (now - waits.oldest).total_seconds() if waits.oldest else 0.0
        data = {
            "ok": broken is None,
            "rows": walked.rows,
            "head": f"{walked.head.sequence}:{walked.head.sha256}",
            "broken": {
                "kind": broken.kind,
                "sequence": broken.sequence,
                "id": broken.row,
                "sentence": broken.sentence,
            }
            if broken
            else None,
            "unsealed": waits.count,
            "oldest_unsealed_seconds": round(age, 1),
        }
        self.answer(
            data, _sentences(data, waits.is_long(now)), as_json=options["as_json"]
        )
        if broken:
            sys.exit(1)


def _noted(text: str | None) -> ledger.Head | None:
    if not text:
        return None
    match = _NOTED.fullmatch(text.strip())
    if match is None:
        raise CommandError("--expect is a row's number, a colon and 64 hex digits.")
    return ledger.Head(int(match[1]), match[2])


def _sentences(data: dict[str, Any], is_late: bool) -> str:
    said = []
    if data["broken"]:
        said.append(f"Broken: {data['broken']['sentence']}")
        said.append(f"{data['rows']:,} rows before it are as they were sealed.")
    else:
        said.append(f"Unbroken: {data['rows']:,} rows, each as it was sealed.")
        said.append(f"Head: {data['head']}")
    if data["unsealed"]:
        words = f"{data['unsealed']:,} wait for their seal"
        if is_late:
            words += f", the oldest for {data['oldest_unsealed_seconds']:.0f} s: is a "
            words += "scheduler running?"
        said.append(words if words.endswith("?") else words + ".")
    return "\n".join(said)
