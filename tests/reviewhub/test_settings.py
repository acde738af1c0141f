"""The start: safe without any variable here, strict anywhere else."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ELSEWHERE = {
    "HOST": "0.0.0.0",
    "ALLOWED_HOSTS": "review.shop.com",
    "SECRET_KEY": "abcdefghij" * 6,
}


def start(data_dir: Path, code: str = "", **variables: str) -> tuple[int, str, str]:
    """Load the settings in a process of their own, with these variables alone."""
    command = [
        sys.executable,
        "-c",
        "import django; django.setup(); from django.conf import settings as s\n" + code,
    ]
    done = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "reviewhub.settings",
            "REVIEWHUB_DATA_DIR": str(data_dir),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_ones_own_machine_needs_no_variable(tmp_path: Path) -> None:
    code = "print(s.DEBUG, s.REVIEWHUB_HTTPS, s.REVIEWHUB_REQUIRE_CERTIFICATE)"
    status, said, error = start(tmp_path / "new", code)
    assert (status, said.strip()) == (0, "False False False"), error


def test_the_secret_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = start(tmp_path, "print(s.SECRET_KEY)")
    again = start(tmp_path, "print(s.SECRET_KEY)")
    assert first[0] == 0
    assert first == again
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", sorted(ELSEWHERE.keys() - {"HOST"}))
def test_elsewhere_what_is_missing_stops_the_start(tmp_path: Path, name: str) -> None:
    variables = {key: value for key, value in ELSEWHERE.items() if key != name}
    status, _, error = start(tmp_path, **variables)
    assert status == 1
    assert error.startswith(f"{name} is not set")
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "99999"),
        ("DEBUG", "perhaps"),
        ("DATABASE_URL", "mysql://u:hunter2@h/n"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "sqlite:////no/such/place/file"),
        ("REDIS_URL", "http://localhost"),
        ("OPENAI_BASE_URL", "localhost:4000"),
        ("REVIEWHUB_LEASE_SECONDS", "0"),
        ("REVIEWHUB_DAILY_BUDGET_USD", "lots"),
        ("REVIEWHUB_WEBHOOK_RETRY_SECONDS", "5,soon"),
        ("REVIEWHUB_EGRESS_ALLOW", "http://127.0.0.1"),
        ("REVIEWHUB_LOG_LEVEL", "CHATTY"),
        ("REVIEWHUB_TRUSTED_ORIGINS", "review.shop.com"),
        ("REVIEWHUB_TWO_ADMINS_ABOVE_PERCENT", "101"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_sentence(
    tmp_path: Path, name: str, value: str
) -> None:
    status, _, error = start(tmp_path, **{name: value})
    assert status == 1
    assert name in error
    assert error.strip().endswith(".")
    assert len(error.strip().splitlines()) == 1
    assert "hunter2" not in error


def test_debug_is_refused_where_others_can_reach_it(tmp_path: Path) -> None:
    status, _, error = start(tmp_path, **ELSEWHERE, DEBUG="1")
    assert status == 1
    assert "DEBUG is on while HOST is '0.0.0.0'" in error


def test_elsewhere_nothing_is_written_and_automation_needs_a_certificate(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "none"
    code = "print(s.REVIEWHUB_REQUIRE_CERTIFICATE, s.SESSION_COOKIE_SECURE)"
    url = "postgres://u:p@db/reviewhub?sslmode=require"
    status, said, error = start(data_dir, code, **ELSEWHERE, DATABASE_URL=url)
    assert (status, said.strip()) == (0, "True True"), error
    assert not data_dir.exists()


def test_staff_need_a_second_factor_wherever_others_can_reach_it(
    tmp_path: Path,
) -> None:
    code = "print(s.REVIEWHUB_REQUIRE_SECOND_FACTOR)"
    assert start(tmp_path, code)[1].strip() == "False"
    url = "postgres://u:p@db/reviewhub"
    assert start(tmp_path, code, **ELSEWHERE, DATABASE_URL=url)[1].strip() == "True"
    off = {**ELSEWHERE, "REVIEWHUB_REQUIRE_SECOND_FACTOR": "0"}
    assert start(tmp_path, code, **off, DATABASE_URL=url)[1].strip() == "False"


def test_the_deploy_check_is_clean(tmp_path: Path) -> None:
    code = (
        "from django.core.management import call_command\n"
        "call_command('check', deploy=True, fail_level='WARNING')"
    )
    url = "postgres://u:p@db/reviewhub"
    status, _, error = start(tmp_path, code, **ELSEWHERE, DATABASE_URL=url)
    assert status == 0, error


def test_sqlite_waits_in_line_and_survives_a_kill(tmp_path: Path) -> None:
    code = (
        "import json; from django.db import connection as c\n"
        "q = lambda name: c.cursor().execute('PRAGMA ' + name).fetchone()[0]\n"
        "print(json.dumps([q('journal_mode'), q('synchronous'), q('foreign_keys'),"
        " q('busy_timeout'), c.transaction_mode]))"
    )
    status, said, error = start(tmp_path, code)
    assert status == 0, error
    assert json.loads(said) == ["wal", 1, 1, 20_000, "IMMEDIATE"]
