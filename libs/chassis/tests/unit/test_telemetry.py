"""Spans tell what happened and never whose: no text of an exception, no parameter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from chassis import context as request_context
from chassis import telemetry
from chassis.context import RequestContext
from chassis.errors import conflict, unavailable

TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = f"00-{TRACE}-b7ad6b7169203331-01"
UNSAMPLED = SAMPLED[:-2] + "00"


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    found = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(found))
    telemetry.use_tracer(provider.get_tracer("test"), 1.0)
    yield found
    telemetry.use_tracer(None, 0.0)


@pytest.mark.parametrize(
    ("error", "word", "failed"),
    [
        (ValueError("somebody@test.example"), "ValueError", True),
        (unavailable("catalog"), "service_unavailable", True),
        (conflict("out_of_stock", "somebody@test.example"), "out_of_stock", False),
    ],
)
def test_an_error_is_told_by_its_code_or_type(
    exporter: InMemorySpanExporter, error: Exception, word: str, failed: bool
) -> None:
    with pytest.raises(type(error)), telemetry.span("buy", "server", SAMPLED):
        raise error
    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes or {}) == {"error.type": word}
    assert (span.status.status_code is StatusCode.ERROR) is failed
    assert span.events == ()
    assert "somebody" not in span.to_json()


def test_the_first_reason_stays(exporter: InMemorySpanExporter) -> None:
    """A gRPC handler ends with an abort of its own, whatever it was that went wrong."""

    def refuse() -> None:
        telemetry.note_error(conflict("out_of_stock"))
        raise RuntimeError

    with pytest.raises(RuntimeError), telemetry.span("buy", "server", SAMPLED):
        refuse()
    (span,) = exporter.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "out_of_stock"
    assert span.status.status_code is not StatusCode.ERROR


def test_a_statement_is_told_without_what_it_was_asked_for(exporter: InMemorySpanExporter) -> None:
    token = request_context.enter(RequestContext(traceparent=SAMPLED))
    with telemetry.statement_span("\nSELECT *\nFROM orders WHERE id = %(id)s" + " " * 600 + "x"):
        pass
    request_context.leave(token)
    (span,) = exporter.get_finished_spans()
    assert span.name == "sql SELECT"
    assert (span.attributes or {})["db.query.text"] == "SELECT * FROM orders WHERE id = %(id)s x"
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == TRACE


def test_nothing_is_recorded_that_nobody_asked_for(exporter: InMemorySpanExporter) -> None:
    token = request_context.enter(RequestContext(traceparent=UNSAMPLED))
    with telemetry.span("buy", "server", UNSAMPLED) as own, telemetry.statement_span("SELECT 1"):
        assert own[3:35] == TRACE
        assert own[36:52] != UNSAMPLED[36:52]
    request_context.leave(token)
    with telemetry.statement_span("SELECT 1"), telemetry.call_span("GET", {}):
        pass
    assert exporter.get_finished_spans() == ()
    assert telemetry.start_trace().endswith("-01")
    telemetry.use_tracer(None, 1.0)
    assert telemetry.start_trace().endswith("-00")
