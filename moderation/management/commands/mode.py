"""The kill switch from a terminal."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderation.access.actor import Actor
from moderation.management.output import VerbCommand
from moderation.models.versions import mode_in_force
from moderation.rollout.mode import NoteMissingError, set_mode
from moderation.states import ModeKind


class Command(VerbCommand):
    """Show or set the mode."""

    help = "Show the mode, or set it: automatic, humans_only or closed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the mode and the note for the audit log."""
        super().add_arguments(parser)
        parser.add_argument("mode", nargs="?", choices=[m.value for m in ModeKind])
        parser.add_argument("--note", default="", help="why, for the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set the mode when one is given, then say which is in force."""
        if options["mode"]:
            try:
                set_mode(
                    mode=ModeKind(options["mode"]),
                    note=options["note"],
                    by=Actor.command("mode"),
                )
            except NoteMissingError as error:
                raise CommandError(f"--note: {error}") from error
        mode = mode_in_force()
        self.answer(
            {"mode": str(mode)}, f"The mode is {mode}.", as_json=options["as_json"]
        )
