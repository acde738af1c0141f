"""serve: refuses in words what cannot work; the rest is tested as real processes."""

import socket
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.installation import free_port

pytestmark = pytest.mark.django_db


def refused(*arguments: str) -> str:
    """Return the sentence with which the command refuses."""
    with pytest.raises(CommandError) as said:
        call_command("serve", *arguments, stdout=StringIO())
    return str(said.value)


@pytest.mark.parametrize("workers", ["0", "-1"])
def test_no_workers_is_no_server(workers: str) -> None:
    assert "--workers must be 1" in refused("--workers", workers)


def test_sqlite_has_one_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    said = refused("--workers", "2", "--port", str(free_port()))
    assert "PostgreSQL" in said
    assert "DATABASE_URL" in said


@pytest.mark.parametrize("port", ["0", "70000"])
def test_a_port_is_a_port(port: str) -> None:
    assert "1 to 65535" in refused("--port", port)


def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refused("--host", "127.0.0.1", "--port", port)
    assert port in said
    assert "PORT" in said
