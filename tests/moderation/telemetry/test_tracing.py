"""A span costs nothing until someone asks for traces."""

import pytest

from moderation.telemetry import tracing


@pytest.fixture(autouse=True)
def _asked_anew():
    tracing._tracer.cache_clear()
    yield
    tracing._tracer.cache_clear()


def test_without_an_exporter_a_span_does_nothing(monkeypatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    assert tracing._tracer() is None
    with tracing.span("assess", submission="sub_1"):
        pass


def test_a_missing_package_is_no_reason_to_fail(monkeypatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.trace", None)
    with tracing.span("assess"):
        pass


def test_an_error_inside_a_span_passes_through() -> None:
    with pytest.raises(ValueError, match="inside"), tracing.span("assess"):
        raise ValueError("inside")
