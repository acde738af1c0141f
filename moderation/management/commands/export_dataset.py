"""A frozen dataset as a file that other eval tools read."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation.evals.datasets import DatasetRefusedError, find_dataset, verify_dataset
from moderation.evals.exports import FORMS, lines_of
from moderation.management.output import VerbCommand


class Command(VerbCommand):
    """Write a dataset to a file."""

    help = "Write a frozen dataset, NAME or NAME@VERSION, as JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the dataset, the format and the file."""
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("--format", choices=sorted(FORMS), default="jsonl")
        parser.add_argument("--out", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Check that it reads as when it was frozen, then write it."""
        out: Path = options["out"]
        try:
            dataset = find_dataset(options["name"])
            verify_dataset(dataset)
        except DatasetRefusedError as error:
            raise CommandError(str(error)) from error
        cases = 0
        try:
            with out.open("w", encoding="utf-8") as stream:
                for line in lines_of(dataset, options["format"]):
                    stream.write(line + "\n")
                    cases += 1
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        self.answer(
            {
                "dataset": dataset.name,
                "version": dataset.version,
                "sha256": dataset.sha256,
                "format": options["format"],
                "cases": cases,
                "out": str(out),
            },
            f"Wrote {cases} cases of {dataset.name}@{dataset.version} to {out}.",
            as_json=options["as_json"],
        )
