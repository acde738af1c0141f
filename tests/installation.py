"""An installation run bare: the commands of docker-compose.yml on this machine.

For tests that need real processes. No container engine; database and broker are the
throwaway ones that `make test` starts.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import yaml
from redis import Redis

TOP = Path(__file__).parent.parent
LISTING = {
    "external_id": "mug-1",
    "title": "Blue ceramic mug, 300 ml",
    "description": "A plain blue mug. Holds 300 ml. Dishwasher safe.",
    "price": "12.50",
    "currency": "EUR",
    "category": "Home & Kitchen",
    "condition": "new",
}
T = TypeVar("T")


def free_port() -> int:
    """Return a port of the loopback address that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command_of(service: str) -> list[str]:
    """Return a service's command as docker-compose.yml has it."""
    text = (TOP / "docker-compose.yml").read_text(encoding="utf-8")
    command: list[str] = yaml.safe_load(text)["services"][service]["command"]
    return command


@dataclass
class Installation:
    """One installation: its environment, its logs and its running processes."""

    environment: dict[str, str]
    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, *command: str, seconds: float = 90) -> str:
        """Run a command to its end; return what it printed."""
        done = subprocess.run(
            command,
            cwd=TOP,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; return what it printed."""
        return self.run("python", "manage.py", *arguments)

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a process: the service of that name, or the command."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command or command_of(name),
                cwd=TOP,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        return self.processes[name]

    def stop(self) -> None:
        """Kill what is left."""
        for process in self.processes.values():
            process.kill()
            process.wait()

    def ask(self, path: str, key: str = "", body: Any = None) -> tuple[int, Any]:
        """Ask the server; return status and JSON, status 0 while nobody answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.environment['PORT']}{path}",
            data=json.dumps(body).encode() if body else None,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {key}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, None

    def until(self, check: Callable[[], T], *, seconds: float, what: str) -> T:
        """Ask again until the answer is true; show the logs when it never is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = check()
            if answer:
                return answer
            time.sleep(0.2)
        said = [f"{p.name}: {p.read_text()[-3000:]}" for p in self.logs.glob("*.log")]
        pytest.fail(f"{what} did not happen in {seconds} s\n" + "\n".join(said))

    def until_ready(self) -> None:
        """Wait until requests are served and a worker is at work."""

        def is_ready() -> bool:
            status, answer = self.ask("/health/ready")
            return status == 200 and answer["checks"]["worker"] == "ok"

        self.until(is_ready, seconds=60, what="being ready")

    def create_key(self) -> str:
        """Return a new API key of the demo merchant."""
        made = self.manage(
            *("create_api_key", "--role", "merchant", "--name", "test"),
            *("--merchant", "demo", "--json"),
        )
        return str(json.loads(made.splitlines()[-1])["key"])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as server:
            return server.execute(query.encode()).fetchall()

    def empty_broker(self) -> None:
        """Forget every message."""
        with Redis.from_url(self.environment["REDIS_URL"]) as redis:
            redis.flushdb()


@contextlib.contextmanager
def installation(directory: Path, **variables: str) -> Iterator[Installation]:
    """Yield an installation with an empty, migrated database; remove it afterwards."""
    address = os.environ["TEST_DATABASE_URL"]
    port = free_port()
    name = f"installation_{os.getpid()}_{port}"
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    binaries = str(Path(sys.executable).parent)
    # Another number than the tests in process use, one for each port.
    redis = os.environ["TEST_REDIS_URL"].removesuffix("/0") + f"/{1 + port % 15}"
    made = Installation(
        environment={
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "SECRET_KEY": "abcdefghij" * 6,
            "DATABASE_URL": urlunsplit(urlsplit(address)._replace(path=f"/{name}")),
            "REDIS_URL": redis,
            "REVIEWHUB_DATA_DIR": str(directory),
            "DJANGO_SETTINGS_MODULE": "reviewhub.settings",
            "WEB_CONCURRENCY": "1",
            **variables,
        },
        logs=directory,
    )
    made.empty_broker()
    try:
        made.run(*command_of("migrate"))
        yield made
    finally:
        made.stop()
        with psycopg.connect(address, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
