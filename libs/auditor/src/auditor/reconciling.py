"""Having payments compare its books with a provider's report."""

from __future__ import annotations

from datetime import UTC, datetime

from chassis.grpc_client import Peer
from soko.payments.v1 import bookkeeping_pb2 as pb
from soko.payments.v1 import bookkeeping_pb2_grpc

_TIMEOUT_S = 300.0
"""A provider's report of a month comes in many pages."""


async def reconcile(
    target: str, provider: str, since: datetime, until: datetime
) -> pb.ReconcileResponse:
    """Return the differences of a period, by the gRPC target of payments; raises ServiceError."""
    peer = Peer("payments", target, service="auditor")
    request = pb.ReconcileRequest(provider=provider)
    request.since.FromDatetime(since.astimezone(UTC))
    request.until.FromDatetime(until.astimezone(UTC))
    try:
        stub = bookkeeping_pb2_grpc.BookkeepingServiceStub(peer.channel)
        return await peer.call(stub.Reconcile, request, timeout_s=_TIMEOUT_S)
    finally:
        await peer.close()
