"""Makes .venv and installs the locked packages into it; does nothing when it is done.

Usage: python3 scripts/setup.py run|dev. Needs Python 3.11 or later and nothing else.
Every package is checked against its hash. The indexes that pip is configured to
use are used, also by uv, which does not read pip's configuration itself.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys

OLDEST = (3, 11)
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(TOP, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
BOOTSTRAP = os.path.join(TOP, "requirements", "bootstrap.txt")


def stop(sentence):
    """End with a sentence that says what to do."""
    sys.exit("Set-up stopped: " + sentence)


def use_new_enough_python():
    """Start over under a newer Python of this machine when this one is too old."""
    if sys.version_info >= OLDEST:
        return
    for name in ("python3.13", "python3.12", "python3.11"):
        path = shutil.which(name)
        if path:
            os.execv(path, [path, os.path.abspath(__file__), *sys.argv[1:]])
    stop(
        f"this is Python {sys.version.split()[0]} and Reviewhub needs 3.11 or later. "
        "Install a newer one, or name it: make PYTHON=/path/to/python3.12 run"
    )


def lock_file(kind):
    """Return the path of the locked list of packages."""
    return os.path.join(TOP, "requirements", kind + ".txt")


def fingerprint(kind):
    """Return what the installed packages depend on, as one hash."""
    digest = hashlib.sha256(VENV.encode())
    for path in (lock_file(kind), BOOTSTRAP):
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def stamp(kind):
    """Return the path of the file that says what was installed."""
    return os.path.join(VENV, f"installed-{kind}")


def is_done(kind):
    """Tell whether the packages of this kind are installed as locked."""
    try:
        with open(stamp(kind), encoding="ascii") as file:
            return file.read() == fingerprint(kind) and os.access(PYTHON, os.X_OK)
    except OSError:
        return False


def make_venv():
    """Make the environment, anew when its Python is gone or of another version."""
    if os.path.exists(PYTHON):
        probe = subprocess.run(
            [PYTHON, "-c", "import sys, pip; print(sys.version_info >= (3, 11))"],
            capture_output=True,
            text=True,
            check=False,
        )
        if probe.stdout.strip() == "True":
            return
    if os.path.isdir(VENV):
        shutil.rmtree(VENV)
    if not has_venv():
        install_venv_package()
    print("Making the environment .venv ...", flush=True)
    if subprocess.run([sys.executable, "-m", "venv", VENV], check=False).returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        stop("the environment .venv could not be made; the lines above say why.")


def has_venv():
    """Tell whether this Python can make environments; Debian packs that apart."""
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def install_venv_package():
    """Install the missing part where that is allowed, else say which it is."""
    package = f"python3.{sys.version_info[1]}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {package} ...", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "check": False}
        subprocess.run(["apt-get", "-qq", "update"], **quiet)
        subprocess.run(["apt-get", "-qq", "-y", "install", package], **quiet)
    if not has_venv():
        stop(f"this Python cannot make environments. Install {package}.")


def pip_settings():
    """Return what pip is configured to use: option name to list of values."""
    listing = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = {}
    for line in listing.splitlines():
        match = re.fullmatch(r"(?:global|install|:env:)\.([a-z-]+)='(.*)'", line)
        if match:
            values = match.group(2).replace("\\n", " ").split()
            found.setdefault(match.group(1), []).extend(values)
    return found


def uv_options(settings):
    """Say pip's settings in uv's words.

    pip looks at all indexes and takes the best version; uv's strategy of that name
    is unsafe only without hashes, and every package here has one.
    """
    options = []
    if not os.environ.get("UV_DEFAULT_INDEX") and not os.environ.get("UV_INDEX_URL"):
        for url in settings.get("index-url", [])[-1:]:
            options += ["--default-index", url]
    for url in settings.get("extra-index-url", []):
        options += ["--index", url]
    for place in settings.get("find-links", []):
        options += ["--find-links", place]
    for host in settings.get("trusted-host", []):
        options += ["--allow-insecure-host", host]
    if settings.get("no-index", ["0"])[-1].lower() in ("1", "true", "yes", "on"):
        options.append("--no-index")
    return [*options, "--index-strategy", "unsafe-best-match"]


def uv_environment(settings):
    """Return the environment for uv, with pip's certificate and proxy."""
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    for certificate in settings.get("cert", [])[-1:]:
        environment.setdefault("SSL_CERT_FILE", certificate)
    for proxy in settings.get("proxy", [])[-1:]:
        environment.setdefault("HTTPS_PROXY", proxy)
        environment.setdefault("HTTP_PROXY", proxy)
    return environment


def run_quietly(command, environment):
    """Return the exit status; show what the command said only when it failed."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr, flush=True)
    return done.returncode


def install(kind):
    """Install with uv; where uv cannot be had or fails, with pip, which is slower."""
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    hashed = ["--require-hashes", "-r"]
    print("Installing the locked packages ...", flush=True)
    if not run_quietly([*pip, *hashed, BOOTSTRAP], dict(os.environ)):
        settings = pip_settings()
        uv = [PYTHON, "-m", "uv", "pip", "sync", "-q", "--python", PYTHON]
        locked = [*uv_options(settings), lock_file(kind), BOOTSTRAP]
        if not run_quietly(
            [*uv, "--require-hashes", *locked], uv_environment(settings)
        ):
            return
    print("uv did not manage it; pip tries, which takes a minute ...", flush=True)
    if subprocess.run([*pip, *hashed, lock_file(kind)], check=False).returncode:
        stop(
            "the packages could not be installed; the lines above say why. "
            "Is a package index reachable? pip's own settings are used."
        )


def main():
    """Set up one kind of environment, once."""
    if sys.argv[1:] not in (["run"], ["dev"]):
        sys.exit("usage: python3 scripts/setup.py run|dev")
    use_new_enough_python()
    # What serves development serves a plain run too.
    kind = sys.argv[1]
    if is_done("dev") or is_done(kind):
        return
    if os.path.exists(stamp("dev")):
        kind = "dev"
    make_venv()
    install(kind)
    with open(stamp(kind), "w", encoding="ascii") as file:
        file.write(fingerprint(kind))


if __name__ == "__main__":
    main()
