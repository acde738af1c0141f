"""DATABASE_URL in, Django's settings out."""

from pathlib import Path

import pytest

from reviewhub.databases import database


def test_postgresql_gets_a_pool_of_the_size_asked_for() -> None:
    made = database("postgres://u:p%40ss@db:6432/shop?sslmode=require", pool_size=5)
    assert made["ENGINE"].endswith("postgresql")
    assert (made["HOST"], made["PORT"], made["NAME"]) == ("db", 6432, "shop")
    assert made["PASSWORD"] == "p@ss"
    assert made["OPTIONS"]["sslmode"] == "require"
    assert made["OPTIONS"]["pool"]["max_size"] == 5
    assert made["CONN_MAX_AGE"] == 0


def test_sqlite_takes_an_absolute_path(tmp_path: Path) -> None:
    made = database(f"sqlite:///{tmp_path}/x.sqlite3", pool_size=5)
    assert made["NAME"] == f"{tmp_path}/x.sqlite3"
    assert made["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    "url",
    ["", "x", "mysql://u:p@h/n", "postgres://u:p@h:port/n", "://", "oracle://h/n"],
)
def test_another_address_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(SystemExit, match="^DATABASE_URL ") as stop:
        database(url, pool_size=5)
    assert "u:p" not in str(stop.value)
