"""Turns DATABASE_URL into Django's database settings.

SQLite serves one machine, PostgreSQL any number. Knows no table and no query.
"""

from pathlib import Path
from typing import Any

import dj_database_url

from reviewhub.env import refuse

# WAL lets pages read while the worker writes. With it, synchronous NORMAL loses
# nothing when a process is killed; only a power cut may lose the last commits,
# and never the file. DATABASE_URL to PostgreSQL is the answer to that.
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA mmap_size=134217728;"
    "PRAGMA journal_size_limit=67108864;"
    "PRAGMA cache_size=-20000"
)


def database(url: str, *, pool_size: int) -> dict[str, Any]:
    """Return the settings of the default database.

    url is sqlite:///path or postgres://user:password@host:port/name?options;
    pool_size is the number of connections a process may hold. Stops the start
    when the address has another scheme or cannot be read. The address is not
    quoted, since it may hold a password.
    """
    try:
        config = dict(dj_database_url.parse(url))
    except ValueError:  # the library's own errors are of this kind
        refuse(
            "DATABASE_URL",
            "cannot be read",
            "write sqlite:///path/file.sqlite3 or postgres://user:password@host/name",
        )
    if config["ENGINE"] == "django.db.backends.sqlite3":
        return _sqlite(config)
    if config["ENGINE"] == "django.db.backends.postgresql":
        return _postgresql(config, pool_size)
    refuse("DATABASE_URL", "names another database", "use sqlite: or postgres:")


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    name = config["NAME"]
    if name != ":memory:" and not Path(name).parent.is_dir():
        refuse(
            "DATABASE_URL",
            f"names {name!r}, whose directory does not exist",
            "make the directory or name another file",
        )
    config["OPTIONS"] = {
        **config.get("OPTIONS", {}),
        # Deferred transactions that turn into writes fail at once under load;
        # immediate ones wait in line for the time below.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": _SQLITE_PRAGMAS,
    }
    return config


def _postgresql(config: dict[str, Any], pool_size: int) -> dict[str, Any]:
    options = dict(config.get("OPTIONS", {}))
    options.setdefault("application_name", "reviewhub")
    options.setdefault("connect_timeout", 5)
    options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10}
    config["OPTIONS"] = options
    config["CONN_MAX_AGE"] = 0  # the pool keeps connections, Django must not
    config["CONN_HEALTH_CHECKS"] = True
    return config
