"""What every test shares: which services there are, a clean cache, the clock's zone."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models.signals import post_migrate

from moderation.access.demo import ensure_groups
from moderation.retrieval.policies import clauses_by_code
from moderation.versions import served


def _make_groups(**_: object) -> None:
    """Make the groups again that emptying the database took with it."""
    ensure_groups()


post_migrate.connect(_make_groups, dispatch_uid="groups for tests")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """Return where Chromium is on this machine, None when it is not."""
    named = os.environ.get("TEST_CHROMIUM")
    if named:
        return named
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what this machine has no service for, saying so.

    `make test` starts every service or stops, so there nothing is left out. Its
    second pass, on SQLite, sets TEST_ONLY_DATABASE: what uses no database would
    only be run twice.
    """
    if os.environ.get("TEST_ONLY_DATABASE"):
        uses = {"db", "transactional_db", "django_db_setup"}
        out = [
            item
            for item in items
            if not item.get_closest_marker("django_db")
            and not uses & set(getattr(item, "fixturenames", ()))
        ]
        config.hook.pytest_deselected(items=out)
        dropped = set(out)
        items[:] = [item for item in items if item not in dropped]
    missing = {
        "postgres": None if os.environ.get("TEST_DATABASE_URL") else "no PostgreSQL",
        "redis": None if os.environ.get("TEST_REDIS_URL") else "no Redis",
        "browser": None if chromium_path() else "no Chromium",
        "promtool": None
        if os.environ.get("TEST_PROMTOOL") or shutil.which("promtool")
        else "no promtool",
        "live": None if os.environ.get("TEST_LIVE") else "asks a real provider",
    }
    for item in items:
        for name, reason in missing.items():
            if reason and item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"{reason} (make test has it)"))


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Give each test an empty cache, so that no limit is used up by another.

    Rows get the same keys again, so what is kept of them by key goes too.
    """
    served.cache_clear()
    clauses_by_code.cache_clear()
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def chromium() -> str:
    """Return the path of Chromium."""
    path = chromium_path()
    assert path, "mark the test with pytest.mark.browser"
    return path


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the top of the repository."""
    return Path(settings.BASE_DIR)


@pytest.fixture(scope="session", autouse=True)
def _no_strangers_at_the_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what threads and killed processes left connected to a test database.

    PostgreSQL drops no database that somebody is connected to.
    """
    if "django_db_setup" not in request.fixturenames and not any(
        item.get_closest_marker("django_db") for item in request.session.items
    ):
        yield
        return
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    yield
    if connection.vendor == "postgresql":
        with blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
