"""Traces across HTTP, gRPC and NATS (W3C Trace Context), recorded by OpenTelemetry.

A trace id always travels, so that log lines can be joined. Spans cost tens of microseconds each, so
they are made only when a collector is configured and the trace is sampled. They name operations,
statements and codes, never values: an exception's text may quote a row, so only its type is told.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

from chassis.context import child_traceparent, current_traceparent, new_traceparent
from chassis.errors import ServiceError
from chassis.logs import get_logger

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

    from chassis.settings import ProcessSettings

SpanKind = Literal["server", "client", "producer", "consumer", "internal"]
_SAMPLED = "01"
_FAULTS = ("internal", "unavailable", "timeout")
"""Other errors are the caller's; its span says whether they are one."""
_ERROR = "error.type"
_LONGEST_STATEMENT = 500
_NOTHING = nullcontext()
_log = get_logger(__name__)


class _State:
    tracer: Tracer | None = None
    sample_ratio: float = 0.0


def configure_tracing(service: str, settings: ProcessSettings) -> None:
    """Export sampled spans to the collector that the settings name, if they name one."""
    if not settings.otlp_endpoint:
        return
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint))
    )
    use_tracer(provider.get_tracer("soko"), settings.trace_sample_ratio)


def use_tracer(tracer: Tracer | None, sample_ratio: float) -> None:
    """Record spans with a tracer from now on; ``sample_ratio`` of the new traces, 0 to 1."""
    _State.tracer = tracer
    _State.sample_ratio = sample_ratio


def start_trace() -> str:
    """Return the traceparent of a new trace, sampled or not by the configured ratio."""
    fresh = new_traceparent()
    if _State.tracer is not None and random.random() < _State.sample_ratio:  # noqa: S311 - chance only
        return fresh[:-2] + _SAMPLED
    return fresh


def recorded(traceparent: str) -> bool:
    """Tell whether spans under a parent are recorded."""
    return _State.tracer is not None and traceparent.endswith(_SAMPLED)


@contextmanager
def span(
    name: str,
    kind: SpanKind,
    traceparent: str,
    attributes: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Record a span under a parent and give the traceparent for what happens inside.

    An exception marks the span as failed and goes on. Its end is logged, unless it is a client's:
    so the trace can be followed in the logs, too.
    """
    if not recorded(traceparent):
        yield child_traceparent(traceparent)
        return
    began = time.monotonic()
    with _start(name, kind, traceparent, attributes) as started:
        own = _traceparent_of(started)
        try:
            yield own
        except BaseException as error:
            _note(started, error)
            raise
        finally:
            if kind != "client":
                _log.info(
                    "span",
                    span=getattr(started, "name", name),
                    kind=kind,
                    ms=round((time.monotonic() - began) * 1000, 1),
                    error=_attribute(started, _ERROR) or None,
                    trace_id=own[3:35],
                )


def call_span(name: str, attributes: Mapping[str, str]) -> AbstractContextManager[object]:
    """Record a call of somebody else's server inside of the present request, if that is recorded.

    Give no path and no query: they may hold secrets.
    """
    parent = current_traceparent()
    return span(name, "client", parent, attributes) if recorded(parent) else _NOTHING


def statement_span(sql: str) -> AbstractContextManager[object]:
    """Record a statement, without its parameters, inside of the present request."""
    if _State.tracer is None or not recorded(current_traceparent()):
        return _NOTHING
    text = " ".join(sql.split())
    attributes = {"db.system.name": "postgresql", "db.query.text": text[:_LONGEST_STATEMENT]}
    return call_span(f"sql {text.partition(' ')[0]}", attributes)


def describe(name: str, attributes: Mapping[str, str | int], *, failed: bool) -> None:
    """Say how the span ended that is being recorded right here, if one is."""
    if _State.tracer is None:
        return
    from opentelemetry.trace import StatusCode, get_current_span

    present = get_current_span()
    present.update_name(name)
    present.set_attributes(dict(attributes))
    if failed:
        present.set_status(StatusCode.ERROR)


def note_error(error: BaseException) -> None:
    """Say of the span that is being recorded right here what went wrong."""
    if _State.tracer is None:
        return
    from opentelemetry.trace import get_current_span

    _note(get_current_span(), error)


def _start(
    name: str, kind: SpanKind, traceparent: str, attributes: Mapping[str, str] | None
) -> AbstractContextManager[Span]:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if _State.tracer is None:
        raise AssertionError("nothing is recorded without a tracer")
    return _State.tracer.start_as_current_span(
        name,
        context=TraceContextTextMapPropagator().extract({"traceparent": traceparent}),
        kind=trace.SpanKind[kind.upper()],
        attributes=dict(attributes or {}),
        record_exception=False,
        set_status_on_exception=False,
    )


def _traceparent_of(started: Span) -> str:
    from opentelemetry.trace import format_span_id, format_trace_id

    own = started.get_span_context()
    return f"00-{format_trace_id(own.trace_id)}-{format_span_id(own.span_id)}-{_SAMPLED}"


def _note(started: Span, error: BaseException) -> None:
    """Note an error, unless what came before it was noted already."""
    from opentelemetry.trace import StatusCode

    if _attribute(started, _ERROR):
        return
    word, fault = type(error).__name__, True
    if isinstance(error, ServiceError):
        word, fault = error.code, error.kind in _FAULTS
    started.set_attribute(_ERROR, word)
    if fault:
        started.set_status(StatusCode.ERROR, word)


def _attribute(started: Span, name: str) -> str:
    attributes: Mapping[str, object] = getattr(started, "attributes", None) or {}
    return str(attributes.get(name, ""))
