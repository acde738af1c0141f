"""Makes an API key and prints it once. The verb is access.keys.issue_key."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.access.keys import SCOPES, KeyRefusedError, issue_key
from moderation.models import Merchant


class Command(BaseCommand):
    """The `create_api_key` command."""

    help = "Makes an API key and prints it. It is never shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--role", required=True, choices=list(SCOPES))
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument(
            "--merchant", metavar="SLUG", help="whose rows a merchant's key may see"
        )
        parser.add_argument(
            "--user",
            metavar="NAME",
            help="the person it acts as; else a service user of the key's name",
        )
        parser.add_argument(
            "--days", type=int, help="how long it works; without this, until revoked"
        )
        parser.add_argument(
            "--json", action="store_true", help="print one line of JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key and print it."""
        days = options["days"]
        if days is not None and not 1 <= days <= 3650:
            raise CommandError("--days is a whole number from 1 to 3650.")
        try:
            issued = issue_key(
                name=options["name"],
                role=options["role"],
                by=Actor.command("create_api_key"),
                merchant=_merchant(options["merchant"]),
                user=_user(options["user"]),
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        except KeyRefusedError as error:
            raise CommandError(str(error)) from None
        key = issued.key
        if options["json"]:
            line = {
                "key": issued.text,
                "prefix": key.prefix,
                "role": key.role,
                "name": key.name,
                "merchant": key.merchant.slug if key.merchant else None,
                "user": key.user.get_username(),
                "scopes": key.scopes,
                "expires_at": key.expires_at.isoformat() if key.expires_at else None,
            }
            self.stdout.write(json.dumps(line))
            return
        self.stdout.write(issued.text)
        self.stderr.write(
            f"Keep it now: it is not shown again. Revoke it with: "
            f"manage.py revoke_api_key {key.prefix}"
        )


def _merchant(slug: str | None) -> Merchant | None:
    if slug is None:
        return None
    merchant = Merchant.objects.filter(slug=slug).first()
    if merchant is None:
        raise CommandError(f"There is no merchant with the slug {slug!r}.")
    return merchant


def _user(name: str | None) -> User | None:
    if name is None:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is no person with the user name {name!r}.")
    return user
