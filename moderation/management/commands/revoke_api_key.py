"""Ends an API key at once. The verb is access.keys.revoke_key."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.access.actor import Actor
from moderation.access.keys import LEAD, revoke_key
from moderation.models import ApiKey


class Command(BaseCommand):
    """The `revoke_api_key` command."""

    help = "Ends an API key at once and for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "prefix", help="the key's prefix, as lists and create_api_key show it"
        )
        parser.add_argument(
            "--json", action="store_true", help="print one line of JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke the key with the prefix."""
        # Whoever pastes a whole key means its prefix; the secret is not looked at.
        prefix = options["prefix"].removeprefix(LEAD).split("_")[0]
        key = ApiKey.objects.filter(prefix=prefix).first()
        if key is None:
            raise CommandError(f"There is no key with the prefix {prefix!r}.")
        was_live = revoke_key(key=key, by=Actor.command("revoke_api_key"))
        if options["json"]:
            line = {"prefix": key.prefix, "name": key.name, "revoked": True}
            self.stdout.write(json.dumps(line | {"was_revoked": not was_live}))
        else:
            words = "is revoked" if was_live else "was revoked before"
            self.stdout.write(f"The key {key.prefix} ({key.name}) {words}.")
