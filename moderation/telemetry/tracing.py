"""span(): one for each stage and one for each model call.

Does nothing, at no cost, unless OpenTelemetry is installed and an exporter is
configured by its own OTEL_* variables. Decides span names and nothing else.
"""

import contextlib
import functools
import importlib
import os
from collections.abc import Iterator
from typing import Any


@functools.cache
def _tracer() -> Any | None:
    wanted = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get(
        "OTEL_TRACES_EXPORTER"
    )
    if not wanted or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        trace = importlib.import_module("opentelemetry.trace")
    except ModuleNotFoundError:
        return None
    return trace.get_tracer("reviewhub")


@contextlib.contextmanager
def span(name: str, **attributes: str | int | float | bool) -> Iterator[None]:
    """Trace the block as one span; attributes are ids, counts and hashes, no text."""
    tracer = _tracer()
    if tracer is None:
        yield
        return
    with tracer.start_as_current_span(name, attributes=attributes):
        yield
