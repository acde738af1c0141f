"""Web, worker and scheduler in one command."""

import signal
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from gunicorn.app.base import BaseApplication

from moderation.access.demo import PEOPLE, ensure_groups
from moderation.embedded import Embedded
from moderation.management.commands.seed_demo import seed
from moderation.supervisor import Role, Supervisor
from moderation.versions import ensure_versions
from reviewhub.wsgi import application

WEB_THREADS = 8


class Command(BaseCommand):
    """Serve everything from one terminal."""

    help = "Run web, worker and scheduler in one command; Ctrl-C stops cleanly."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to listen and how many workers."""
        parser.add_argument("--host", default=settings.HOST, help="address to bind")
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument(
            "--workers", type=int, default=1, help="worker processes; 1 on SQLite"
        )
        parser.add_argument(
            "--demo",
            action="store_true",
            help="make demo people and send the sample listings first",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up what is missing, then run until stopped."""
        host, port, workers = options["host"], options["port"], options["workers"]
        _refuse_what_cannot_work(host, port, workers)
        call_command("migrate", interactive=False, verbosity=0)
        ensure_groups()
        ensure_versions()
        if options["demo"]:
            seed()
            self._tell_accounts(host, port)
        self.stdout.write(f"Reviewhub runs on http://{host}:{port} (Ctrl-C stops it).")
        self.stdout.flush()
        connections.close_all()
        roles = [
            Role("web", lambda: _serve_web(host, port)),
            *(Role(f"worker {n + 1}", _work) for n in range(workers)),
        ]
        status = Supervisor(roles).run()
        self.stdout.write("Reviewhub has stopped. All data is kept.")
        sys.exit(status)

    def _tell_accounts(self, host: str, port: int) -> None:
        self.stdout.write("Demo accounts, all with one password:")
        for person in PEOPLE:
            self.stdout.write(
                f"  {person.username:<12} {settings.REVIEWHUB_DEMO_PASSWORD}"
            )


def _refuse_what_cannot_work(host: str, port: int, workers: int) -> None:
    if workers < 1:
        raise CommandError("--workers must be 1 or more.")
    if workers > 1 and connection.vendor == "sqlite":
        raise CommandError(
            "--workers above 1 needs PostgreSQL: SQLite has one writer. Set "
            "DATABASE_URL, or leave --workers out."
        )
    if not 1 <= port <= 65535:
        raise CommandError("--port must be from 1 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}). Stop what "
                "holds it or choose another with PORT."
            ) from error


def _work() -> None:
    embedded = Embedded()
    signal.signal(signal.SIGTERM, lambda *_: embedded.stop())
    embedded.run()


def _serve_web(host: str, port: int) -> None:
    _Web(host, port).run()


class _Web(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn with one process and threads, set up in code."""

    def __init__(self, host: str, port: int) -> None:
        self._bind = f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        for name, value in {
            "bind": self._bind,
            "worker_class": "gthread",
            "workers": 1,
            "threads": WEB_THREADS,
            "timeout": 60,
            "graceful_timeout": 8,
            "keepalive": 5,
            "loglevel": "warning",
            "proc_name": "reviewhub-web",
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application; it is loaded already."""
        return application
