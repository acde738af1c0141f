"""Removes a person's second factor, for whoever lost it. The verb is in access.people.

For the machine's own terminal: when the only admin is locked out, nobody else can.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation.access.actor import Actor
from moderation.access.people import people, reset_factor
from moderation.management.output import VerbCommand


class Command(VerbCommand):
    """The `reset_second_factor` command."""

    help = "Removes a person's second factor and signs them out everywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("username", help="whose second factor")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove it and say what was there."""
        name = options["username"]
        user = people().filter(username=name).first()
        if user is None:
            raise CommandError(f"There is nobody with the user name {name!r}.")
        count = reset_factor(user=user, by=Actor.command("reset_second_factor"))
        words = (
            f"{name} has no second factor any more and is signed out everywhere."
            if count
            else f"{name} had no second factor; they are signed out everywhere."
        )
        self.answer(
            {"username": name, "factors": count}, words, as_json=options["as_json"]
        )
