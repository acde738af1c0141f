#!/usr/bin/env python
"""Runs the management commands; `manage.py help` lists them."""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from django.core.management import execute_from_command_line
from django.db import DatabaseError

# What SQLite and PostgreSQL say of a table that no migration has made yet.
NO_TABLES = ("no such table", "does not exist")


@contextlib.contextmanager
def prepared_to_serve(arguments: list[str]) -> Iterator[None]:
    """Set what must be known before the settings are read.

    Safe defaults hang on the address, so --host must count as HOST does. The
    processes of one server add up their figures in a directory of their own.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--host")
    host = parser.parse_known_args(arguments)[0].host
    if host:
        os.environ["HOST"] = host
    with tempfile.TemporaryDirectory(
        prefix="reviewhub-figures-", ignore_cleanup_errors=True
    ) as directory:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", directory)
        yield


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewhub.settings")
    is_server = sys.argv[1:2] == ["serve"]
    with prepared_to_serve(sys.argv[2:]) if is_server else contextlib.nullcontext():
        try:
            execute_from_command_line(sys.argv)
        except DatabaseError as error:
            if not any(words in str(error) for words in NO_TABLES):
                raise
            sys.exit("The database is not set up. Run: python manage.py migrate")


if __name__ == "__main__":
    main()
