"""Makes the data directory and the secret key of an installation on one machine.

Decides nothing: settings.py says when a directory or a key is wanted.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from reviewhub.env import refuse


def make_directory(path: Path, variable: str) -> Path:
    """Make the directory for its owner alone; stop the start when that fails."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        refuse(
            variable,
            f"is {str(path)!r}, which cannot be made ({error.strerror})",
            "name a directory that this user may write to",
        )
    return path


def keep_secret_key(directory: Path) -> str:
    """Return the key in the directory, made once and readable by its owner alone.

    Two may start at once: the key is written aside and linked into
    place, so both read the same whole key.
    """
    path = directory / "secret_key"
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=directory)  # for its owner alone
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return path.read_text(encoding="ascii").strip()
