"""How commands speak: sentences for people, one last line of JSON for programs."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm


class VerbCommand(BaseCommand):
    """A command that calls one verb and can answer in JSON."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json; subclasses add their own and call this."""
        parser.add_argument(
            "--json",
            action="store_true",
            dest="as_json",
            help="print a last line of JSON on standard output",
        )

    def answer(self, data: dict[str, Any], sentence: str, *, as_json: bool) -> None:
        """Print the sentence, or the data as one line of JSON."""
        if as_json:
            self.stdout.write(json.dumps(data, ensure_ascii=False, default=str))
        else:
            self.stdout.write(sentence)


def progress(total: int | None, words: str, *, unit: str = "") -> "tqdm[Any]":
    """Return a progress bar on standard error, silent where it is no terminal."""
    return tqdm(
        total=total, desc=words, unit=unit, disable=not sys.stderr.isatty(), leave=True
    )
