"""Traces across HTTP, gRPC and NATS (W3C Trace Context), recorded by OpenTelemetry.

A trace id always travels, so that log lines can be joined. Spans cost tens of microseconds each, so
they are made only when a collector is configured and the trace is sampled.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from chassis.context import child_traceparent, new_traceparent

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from chassis.settings import ProcessSettings

SpanKind = Literal["server", "client", "producer", "consumer", "internal"]
_SAMPLED = "01"


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


@contextmanager
def span(
    name: str,
    kind: SpanKind,
    traceparent: str,
    attributes: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Record a span under a parent and give the traceparent for what happens inside.

    An exception marks the span as failed and goes on.
    """
    if _State.tracer is None or not traceparent.endswith(_SAMPLED):
        yield child_traceparent(traceparent)
        return
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator = TraceContextTextMapPropagator()
    parent = propagator.extract({"traceparent": traceparent})
    otel_kind = trace.SpanKind[kind.upper()]
    with _State.tracer.start_as_current_span(
        name, context=parent, kind=otel_kind, attributes=dict(attributes or {})
    ):
        carrier: dict[str, str] = {}
        propagator.inject(carrier)
        yield carrier["traceparent"]
