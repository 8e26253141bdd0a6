"""A real OpenTelemetry collector, as far as a test needs one: it keeps all that it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

KINDS = ("", "internal", "server", "client", "producer", "consumer")
"""By their numbers (opentelemetry/proto/trace/v1/trace.proto); so is the status: 2 is an error."""
_ERROR = 2


@dataclass(frozen=True)
class Span:
    """One span as it came over the wire."""

    service: str
    name: str
    kind: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: dict[str, str]

    @property
    def what(self) -> tuple[str, str, str]:
        return (self.service, self.kind, self.name)


class Collector(TraceServiceServicer):
    """Takes spans over OTLP/gRPC (opentelemetry.io/docs/specs/otlp)."""

    def __init__(self) -> None:
        self.exports: list[bytes] = []
        self.spans = 0
        self._server = grpc.server(ThreadPoolExecutor(4))
        add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def Export(self, request: Any, context: Any) -> ExportTraceServiceResponse:  # noqa: N802
        self.exports.append(request.SerializeToString())
        self.spans += sum(
            len(scope.spans) for each in request.resource_spans for scope in each.scope_spans
        )
        return ExportTraceServiceResponse()

    def trace(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace that arrived until now."""
        return [
            span
            for export in self.exports
            for span in _spans(ExportTraceServiceRequest.FromString(export), trace_id)
        ]

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()


def _spans(export: ExportTraceServiceRequest, trace_id: str) -> Iterator[Span]:
    for resource in export.resource_spans:
        service = _attributes(resource.resource)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                if span.trace_id.hex() == trace_id:
                    yield Span(
                        service,
                        span.name,
                        KINDS[span.kind],
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        span.status.code == _ERROR,
                        _attributes(span),
                    )


def _attributes(holder: Any) -> dict[str, str]:
    return {
        each.key: each.value.string_value or str(each.value.int_value) for each in holder.attributes
    }
