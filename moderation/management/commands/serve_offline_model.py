"""Serves the offline model on its own, for any client of the OpenAI protocol."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.offline_model import MODEL_NAME
from moderation.offline_model.http import make_server


class Command(BaseCommand):
    """Bind, say where, serve until interrupted."""

    help = "Serve the offline model over the OpenAI chat completions protocol."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the address."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8081, help="0 picks a free one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until Ctrl-C; exit status 1 when the address is taken."""
        try:
            server = make_server(options["host"], options["port"])
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Cannot listen on {options['host']}:{options['port']}: {error}"
            ) from error
        host, port = server.server_address[:2]
        self.stdout.write(f"{MODEL_NAME} on http://{host!s}:{port}/v1")
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        finally:
            server.server_close()
