"""Runs a command with a throwaway PostgreSQL and Redis, and stops them afterwards.

Usage: .venv/bin/python scripts/with_services.py COMMAND [ARGUMENT ...]
The command finds them at TEST_DATABASE_URL and TEST_REDIS_URL, and Chromium at
TEST_CHROMIUM. What is absent is installed from the system's packages where that is
allowed; otherwise one message names everything that is missing.
"""

import contextlib
import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NEEDED = {
    "PostgreSQL": "postgresql",
    "Redis": "redis-server",
    "Chromium": "chromium",
}
STARTED_WITHIN_S = 30


def find_postgresql() -> str | None:
    """Return the directory of PostgreSQL's programs; Debian keeps them off PATH."""
    places = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        places.append(str(Path(on_path).parent))
    return next((p for p in places if os.access(f"{p}/initdb", os.X_OK)), None)


def find_chromium() -> str | None:
    """Return the path of Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


FINDERS: dict[str, Callable[[], str | None]] = {
    "PostgreSQL": find_postgresql,
    "Redis": lambda: shutil.which("redis-server"),
    "Chromium": find_chromium,
}


def missing() -> list[str]:
    """Return the names of what this machine lacks."""
    return [name for name, find in FINDERS.items() if find() is None]


def install_missing() -> None:
    """Install what is absent, or end with one message that names it."""
    absent = missing()
    if not absent:
        return
    packages = [NEEDED[name] for name in absent]
    apt = apt_get()
    if apt:
        print(f"Installing {', '.join(packages)} ...", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        subprocess.run([*apt, "-qq", "update"], check=False, **quiet)
        subprocess.run(
            [*apt, "-qq", "-y", "--no-install-recommends", "install", *packages],
            check=False,
            **quiet,
        )
    absent = missing()
    if absent:
        sys.exit(
            f"The tests need {', '.join(absent)}, which this machine lacks. Install "
            f"the packages {' '.join(NEEDED[name] for name in absent)} (or their "
            "like), or run `make test-quick`, which leaves out what needs them."
        )


def find_promtool() -> str | None:
    """Return the path of Prometheus's test tool, unpacked beside our own programs.

    Only the tool is taken out of the package: installing it would start a server.
    Its tests are left out where it cannot be had.
    """
    place = Path(sys.executable).parent / "promtool"
    found = shutil.which("promtool") or (str(place) if place.exists() else None)
    if found or not shutil.which("apt-get"):
        return found
    with tempfile.TemporaryDirectory(prefix="reviewhub-promtool-") as directory:
        for command in (
            ["apt-get", "-qq", "download", "prometheus"],
            ["sh", "-c", "dpkg -x prometheus_*.deb ."],
        ):
            done = subprocess.run(
                command, cwd=directory, capture_output=True, check=False
            )
            if done.returncode:
                return None
        shutil.copy(f"{directory}/usr/bin/promtool", place)
    return str(place)


def apt_get() -> list[str] | None:
    """Return how to call apt-get here, None when that is not allowed."""
    if not shutil.which("apt-get"):
        return None
    call = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    if os.geteuid() == 0:
        return call
    if shutil.which("sudo"):
        probe = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if probe.returncode == 0:
            return ["sudo", "-n", *call]
    return None


def free_port() -> int:
    """Return a port of the loopback address that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent() -> None:
    """Have the kernel end this child should the script be killed outright."""
    with contextlib.suppress(OSError, AttributeError):
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)


def start(command: list[str], log: Path, user: str | None) -> subprocess.Popen[bytes]:
    """Start a service in its own session: Ctrl-C is for the command alone."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,
            **switch_to(user),
        )


def switch_to(user: str | None) -> dict[str, object]:
    """Return what makes a child run as another user, nothing for None."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def wait_until_up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the port answers; end with the service's own words when it dies."""
    until = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1),
        ):
            return
        time.sleep(0.05)
    sys.exit(f"A service did not start. It said:\n{log.read_text(errors='replace')}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a service at once; what it holds is thrown away."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def postgresql(directory: Path) -> Iterator[str]:
    """Run PostgreSQL below the directory; yield its address.

    It refuses to run as root, so root lends it to the user that its package made.
    """
    programs = find_postgresql()
    user = "postgres" if os.geteuid() == 0 else None
    data, log, port = directory / "postgresql", directory / "pg.log", free_port()
    data.mkdir(mode=0o700)
    if user:
        directory.chmod(0o711)
        shutil.chown(data, user)
    made = subprocess.run(
        [f"{programs}/initdb", "-D", str(data), "-U", "reviewhub", "--auth=trust"]
        + ["--no-sync", "-E", "UTF8", "--locale=C"],
        capture_output=True,
        text=True,
        check=False,
        cwd=data,
        **switch_to(user),
    )
    if made.returncode:
        sys.exit(f"PostgreSQL could not be set up:\n{made.stdout}{made.stderr}")
    fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    fast += ["max_connections=200", "listen_addresses=127.0.0.1"]
    fast += ["unix_socket_directories=", "shared_buffers=64MB"]
    options = [part for setting in fast for part in ("-c", setting)]
    server = start(
        [f"{programs}/postgres", "-D", str(data), "-p", str(port), *options], log, user
    )
    try:
        wait_until_up(port, server, log)
        yield f"postgres://reviewhub@127.0.0.1:{port}/postgres"
    finally:
        stop(server)


@contextlib.contextmanager
def redis(directory: Path) -> Iterator[str]:
    """Run Redis without any file; yield its address."""
    log, port = directory / "redis.log", free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    options += ["--appendonly", "no", "--dir", str(directory)]
    server = start(["redis-server", *options], log, None)
    try:
        wait_until_up(port, server, log)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        stop(server)


def main() -> int:
    """Run the command between the services; return its exit status."""
    if len(sys.argv) < 2:
        sys.exit("usage: with_services.py COMMAND [ARGUMENT ...]")
    install_missing()
    # A polite end, such as a time limit's, must stop the services too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        directory = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(
                    prefix="reviewhub-services-", ignore_cleanup_errors=True
                )
            )
        )
        environment = dict(os.environ, TEST_CHROMIUM=find_chromium() or "")
        environment["TEST_PROMTOOL"] = find_promtool() or ""
        environment["TEST_DATABASE_URL"] = stack.enter_context(postgresql(directory))
        environment["TEST_REDIS_URL"] = stack.enter_context(redis(directory))
        try:
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
