"""Accepted cases become the next version of a dataset, which never changes."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation.access.actor import Actor
from moderation.evals.datasets import SOURCES, DatasetRefusedError, freeze_dataset
from moderation.management.output import VerbCommand


class Command(VerbCommand):
    """Freeze a dataset version."""

    help = "Freeze the accepted eval cases as the next version of a dataset."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name and which cases."""
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument(
            "--from", dest="source", choices=sorted(SOURCES), default="all"
        )
        parser.add_argument(
            "--accept-proposed",
            action="store_true",
            help="accept what is proposed there first",
        )
        parser.add_argument("--note", default="", help="why, for the dataset's page")

    def handle(self, *args: Any, **options: Any) -> None:
        """Freeze and say what was frozen."""
        try:
            dataset = freeze_dataset(
                name=options["name"],
                source=options["source"],
                accept_proposed=options["accept_proposed"],
                note=options["note"],
                by=Actor.command("freeze_dataset"),
            )
        except DatasetRefusedError as error:
            raise CommandError(str(error)) from error
        cases = dataset.cases.count()
        self.answer(
            {
                "dataset": dataset.name,
                "version": dataset.version,
                "cases": cases,
                "sha256": dataset.sha256,
                "from": options["source"],
            },
            f"Froze {cases} cases as {dataset.name}@{dataset.version}.",
            as_json=options["as_json"],
        )
