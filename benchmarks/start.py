"""How soon `serve --demo` answers: on nothing, and on what an earlier run left.

Anchor: a bare start of Python with Django and the settings loaded.
"""

import http.client
import signal
import socket
import subprocess
import sys
import time

from benchmarks.figures import Figure
from benchmarks.processes import MANAGE, TOP, installation

GIVE_UP_S = 120.0
BARE = "import django; django.setup()"


def measure(rounds: int) -> list[Figure]:
    """Start in fresh installations and once more each."""
    first, second, bare = [], [], []
    for _ in range(rounds):
        with installation() as environment:
            first.append(_start(environment))
            second.append(_start(environment))
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", BARE],
                env={**environment, "DJANGO_SETTINGS_MODULE": "reviewhub.settings"},
                check=True,
                cwd=TOP,
            )
            bare.append(time.perf_counter() - started)
    anchor = "loading Django and the settings"
    return [
        Figure(
            "First start until it answers",
            "s",
            tuple(first),
            "90",
            "45",
            anchor,
            tuple(bare),
        ),
        Figure(
            "Second start until it answers",
            "s",
            tuple(second),
            "10",
            "4",
            anchor,
            tuple(bare),
        ),
    ]


def _start(environment: dict[str, str]) -> float:
    port = _free_port()
    started = time.perf_counter()
    process = subprocess.Popen(
        [*MANAGE, "serve", "--demo", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=TOP,
    )
    try:
        while not _answers(port):
            if time.perf_counter() - started > GIVE_UP_S or process.poll() is not None:
                raise RuntimeError("serve did not answer")
            time.sleep(0.02)
        return time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
