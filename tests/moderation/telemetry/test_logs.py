"""One event is one line of JSON, and no secret stands in it."""

import json
import logging
import logging.config
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from moderation.telemetry.logs import (
    DailyFile,
    get_logger,
    hide_secrets,
    logging_config,
    to_json,
)


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[object]:
    """Log into files for a while; yield a reader of the lines as written."""
    config = logging_config("INFO", str(tmp_path))
    handler = DailyFile(str(tmp_path))
    options = config["formatters"]["json"]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=options["processors"],
            foreign_pre_chain=options["foreign_pre_chain"],
        )
    )
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    logger.propagate = False

    def read() -> list[str]:
        (path,) = tmp_path.glob("reviewhub-*.jsonl")
        return path.read_text(encoding="ascii").splitlines()

    yield read
    logger.removeHandler(handler)
    logger.propagate = True
    handler.close()


def test_a_line_carries_event_fields_time_and_request_id(lines) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        get_logger("tests.logs").info("assessed", submission="sub_1", latency_ms=3)
    (line,) = lines()
    found = json.loads(line)
    assert found["event"] == "assessed"
    assert found["request_id"] == "req_1"
    assert found["latency_ms"] == 3
    assert found["level"] == "info"
    assert found["at"].endswith("Z")


def test_other_packages_lines_look_the_same(lines) -> None:
    logging.getLogger("tests.logs").warning("lost %s", "connection")
    assert json.loads(lines()[0])["event"] == "lost connection"


def test_a_forged_line_stays_inside_its_own(lines) -> None:
    forged = 'title\n{"event": "approved"}\r\x1b[31m\u2028\x85\ud800'
    get_logger("tests.logs").info("received", title=forged)
    assert len(lines()) == 1
    assert json.loads(lines()[0])["title"] == forged


def test_a_traceback_shows_no_local_variable(lines) -> None:
    password_of_a_merchant = "hunter2"
    try:
        raise ValueError(len(password_of_a_merchant))
    except ValueError:
        get_logger("tests.logs").exception("failed")
    (line,) = lines()
    assert "ValueError: 7" in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "text",
    [
        "key rh_live_abcdef123456 was used",
        "sk-proj-abcdefghijklmnop",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Authorization: Bearer abc.def-ghijkl",
        "postgres://reviewhub:abcdefghijkl@db/reviewhub",
    ],
)
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(text: str) -> None:
    event = {"event": text, "deep": {"list": [text]}}
    hidden = json.dumps(hide_secrets(None, "info", event))
    assert "[hidden]" in hidden
    assert "abcdef" not in hidden
    assert "abc.def" not in hidden
    assert "MfKQ" not in hidden


def test_a_field_with_a_secrets_name_is_hidden() -> None:
    event = {"event": "x", "password": "p", "api_key": "k", "token_count": 5}
    assert hide_secrets(None, "info", event) == {
        "event": "x",
        "password": "[hidden]",
        "api_key": "[hidden]",
        "token_count": 5,
    }


@given(st.dictionaries(st.text(), st.text()))
def test_any_text_makes_one_line_of_ascii(fields: dict[str, str]) -> None:
    line = to_json(fields)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line) == fields


def test_old_days_are_dropped(tmp_path: Path) -> None:
    for day in range(1, 41):
        (tmp_path / f"reviewhub-2020-01-{day:02}.jsonl").touch()
    handler = DailyFile(str(tmp_path))
    handler.emit(logging.makeLogRecord({"msg": "today"}))
    handler.close()
    assert len(list(tmp_path.iterdir())) == 30


def test_a_lost_disk_loses_the_line_and_nothing_else(tmp_path: Path) -> None:
    handler = DailyFile(str(tmp_path / "gone"))
    handler.emit(logging.makeLogRecord({"msg": "dropped"}))
    handler.close()
