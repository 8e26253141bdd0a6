"""A real OpenTelemetry collector, as far as a test needs one: it keeps all that it is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


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

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()
