"""The RPC through which a service shows its audit log to admins, and the end of its old rows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import audit_log
from chassis.clock import Clock
from chassis.context import current_actor
from chassis.database import Database, Row
from chassis.ids import format_id, parse_id
from chassis.periodic import pause
from soko.audit.v1 import log_pb2 as pb
from soko.audit.v1 import log_pb2_grpc

ID_PREFIX = "aud"
_MOST = 100
_SWEEP_EVERY_S = 3600.0
_SWEEP_BATCH = 1000


class AuditLogServicer(log_pb2_grpc.AuditLogServiceServicer):
    """Shows entries of one database."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def ListEntries(  # noqa: N802
        self, request: pb.ListEntriesRequest, context: Any
    ) -> pb.ListEntriesResponse:
        """List entries, newest first."""
        current_actor().require_role("admin")
        wanted = audit_log.Filter(
            account=request.account_id,
            act=request.act,
            since=_moment(request.since) if request.HasField("since") else None,
            until=_moment(request.until) if request.HasField("until") else None,
            before=parse_id(ID_PREFIX, request.before) if request.before else None,
        )
        limit = min(max(request.limit, 1), _MOST)
        rows = await audit_log.entries(self._db, wanted, self._clock.now(), limit)
        return pb.ListEntriesResponse(entries=[_entry(row) for row in rows])


class AuditLogKeeper:
    """Background work: every hour, let entries go that were kept long enough."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until told to stop, the first time after an hour."""
        while not await pause(stop, _SWEEP_EVERY_S):
            while await audit_log.sweep(self._db, self._clock.now(), _SWEEP_BATCH):
                pass


def _moment(value: Timestamp) -> datetime:
    return value.ToDatetime(UTC)


def _entry(row: Row) -> pb.AuditLogEntry:
    entry = pb.AuditLogEntry(
        id=format_id(ID_PREFIX, row["id"]),
        act=row["act"],
        outcome=row["outcome"],
        actor=row["actor"],
        session=row["session"],
        subject=row["subject"],
        address=row["address"],
        trace_id=row["trace_id"],
        detail_json=orjson.dumps(row["detail"]).decode(),
    )
    entry.at.FromDatetime(row["at"])
    return entry
