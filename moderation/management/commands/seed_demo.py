"""Demo people, the policy, a first pipeline version and sample listings."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation.access.actor import Actor
from moderation.access.demo import PEOPLE, NotOnLoopbackError, ensure_demo_people
from moderation.intake.bulk import RawRow, start_import
from moderation.intake.files import read_rows
from moderation.management.output import VerbCommand
from moderation.models import Import, Merchant
from moderation.states import Source
from moderation.versions import ensure_versions

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "listings.jsonl"


class Command(VerbCommand):
    """Seed a demonstration."""

    help = (
        "Make the demo people, the policy, a first pipeline version, and send the "
        "sample listings once. Running it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --no-listings."""
        super().add_arguments(parser)
        parser.add_argument(
            "--no-listings", action="store_true", help="people and policy only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed what is missing."""
        try:
            made = seed(listings=not options["no_listings"])
        except NotOnLoopbackError as error:
            raise CommandError(str(error)) from error
        names = ", ".join(person.username for person in PEOPLE)
        self.answer(
            {"people": [person.username for person in PEOPLE], "new": made},
            f"Demo people: {names}.",
            as_json=options["as_json"],
        )


def seed(*, listings: bool = True) -> bool:
    """Seed what is missing; return whether the people were new.

    Raises:
        NotOnLoopbackError: the server is not bound to loopback.
    """
    made = ensure_demo_people()
    ensure_versions()
    merchant = Merchant.objects.get(slug="demo")
    if listings and not Import.objects.filter(filename=SAMPLES.name).exists():
        with SAMPLES.open("rb") as stream:
            start_import(
                merchant=merchant,
                rows=(
                    RawRow(
                        row.number,
                        row.data,
                        tuple(problem.as_dict() for problem in row.problems),
                    )
                    for row in read_rows(stream, SAMPLES.name)
                ),
                source=Source.IMPORT,
                by=Actor.command("seed_demo"),
                filename=SAMPLES.name,
            )
    return made
