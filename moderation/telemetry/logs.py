"""One event, one line of JSON, on standard error or in a file a day.

Decides how a line looks and what never stands in it: no secret, no local variable,
no raw control character. Does not know which events there are.
"""

import contextlib
import datetime as dt
import json
import logging
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

KEEP_DAYS = 30
_HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"(?i)(^|_)(password|passwd|authorization|cookie|secret|api_?key|access_token)$"
)
# What keys look like: ours, a provider's, a webhook's, a bearer header, and the
# password of an address.
_SECRET_TEXT = re.compile(
    r"\b(rh_|sk-|whsec_)[A-Za-z0-9_+/=-]{6,}|(?i:bearer)\s+[^\s\"']{6,}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)


def hide_secrets(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace what looks like a secret, by the name of its field or by its shape."""
    return {
        key: _HIDDEN if _SECRET_NAME.search(key) else _hide(value)
        for key, value in event.items()
    }


def _hide(value: object) -> object:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(_HIDDEN, value)
    if isinstance(value, Mapping):
        return {
            k: _HIDDEN if _SECRET_NAME.search(str(k)) else _hide(v)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_hide(item) for item in value]
    return value


def to_json(value: object, **_options: object) -> str:
    """Return one line of ASCII JSON: control characters cannot forge a second line."""
    return json.dumps(value, ensure_ascii=True, default=str)


class DailyFile(logging.Handler):
    """Appends each line to the file of its UTC day and drops files past 30 days.

    Several processes may write: each line is one append. A full or lost disk
    loses lines, never a request.
    """

    def __init__(self, directory: str) -> None:
        """Write into the directory, which exists."""
        super().__init__()
        self.directory = Path(directory)
        self._day = ""
        self._file: TextIO | None = None
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line; a failure to do so is dropped."""
        with contextlib.suppress(OSError, ValueError):
            line = self.format(record) + "\n"
            day = dt.datetime.fromtimestamp(record.created, dt.UTC).date().isoformat()
            with self._guard:
                if self._file is None or day != self._day:
                    self._turn(day)
                if self._file is not None:
                    self._file.write(line)

    def _turn(self, day: str) -> None:
        if self._file is not None:
            self._file.close()
        path = self.directory / f"reviewhub-{day}.jsonl"
        self._file = path.open("a", encoding="ascii", buffering=1)
        self._day = day
        for old in sorted(self.directory.glob("reviewhub-*.jsonl"))[:-KEEP_DAYS]:
            old.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the day's file."""
        with self._guard:
            if self._file is not None:
                self._file.close()
                self._file = None
        super().close()


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.stdlib.ExtraAdder(),
        # The plain formatter: richer ones print local variables, which hold
        # listings and keys.
        structlog.processors.format_exc_info,
        hide_secrets,
    ]


def logging_config(level: str, directory: str = "") -> dict[str, Any]:
    """Return the configuration for logging.config.dictConfig and set up structlog.

    level is the least level written; with a directory the lines go to its daily
    files and only warnings go to standard error, without one everything does.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handlers: dict[str, Any] = {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "level": "WARNING" if directory else level,
        }
    }
    if directory:
        handlers["file"] = {
            "()": "moderation.telemetry.logs.DailyFile",
            "directory": directory,
            "formatter": "json",
            "level": level,
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": _formatter()},
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": _quiet(),
    }


def _formatter() -> dict[str, Any]:
    return {
        "()": "structlog.stdlib.ProcessorFormatter",
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=to_json),
        ],
        "foreign_pre_chain": _shared(),
    }


def _quiet() -> dict[str, Any]:
    # Our own line a request says more; a 4xx is no event for an operator, an
    # exception behind a 500 is, with its traceback.
    return {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
        "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
        "django.security": {"handlers": [], "level": "ERROR", "propagate": True},
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "asyncio": {"level": "WARNING"},
    }


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; events are words, values are fields."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
