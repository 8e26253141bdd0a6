"""The RPCs through which a service shows itself to its operators."""

# ruff: noqa: N802 - the methods have the contract's names.

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from uuid import UUID

from chassis import dead_letters
from chassis.audit_log import COMMAND_LINE
from chassis.broker import Broker, stream_name
from chassis.consumer import EventConsumer
from chassis.context import current_actor
from chassis.database import Database
from chassis.dead_letters import DeadLetter
from chassis.errors import ServiceError, not_found
from chassis.idempotency import idempotent
from chassis.ids import format_id, parse_id
from chassis.redrive import redrive
from soko.ops.v1 import ops_pb2 as pb
from soko.ops.v1 import ops_pb2_grpc

_PREFIX = "dlt_"
_MOST = 100
_PING_TIMEOUT_S = 1.0
_FIRST_ID, _LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


class OpsServicer(ops_pb2_grpc.OpsServiceServicer):
    """Answers operators, admins and the command line; ``db`` has the consumers' tables."""

    def __init__(
        self, service: str, db: Database, broker: Broker | None, consumers: Sequence[EventConsumer]
    ) -> None:
        self.db = db
        self._service = service
        self._broker = broker
        self._consumers = sorted(consumers, key=lambda each: each.subscription[0])

    async def GetServiceStatus(
        self, request: pb.GetServiceStatusRequest, context: Any
    ) -> pb.GetServiceStatusResponse:
        """Tell version and what is away."""
        _require_operator()
        away = []
        try:
            async with asyncio.timeout(_PING_TIMEOUT_S):
                await self.db.ping()
        except (ServiceError, TimeoutError):
            away.append("database")
        if self._broker is not None and not self._broker.connected:
            away.append("broker")
        return pb.GetServiceStatusResponse(version=version(f"soko-{self._service}"), away=away)

    async def ListConsumers(
        self, request: pb.ListConsumersRequest, context: Any
    ) -> pb.ListConsumersResponse:
        """Ask the broker how far each consumer is."""
        _require_operator()
        found = await asyncio.gather(*map(self._consumer, self._consumers))
        return pb.ListConsumersResponse(consumers=found)

    async def ListDeadLetters(
        self, request: pb.ListDeadLettersRequest, context: Any
    ) -> pb.ListDeadLettersResponse:
        """List a page of what was given up."""
        _require_operator()
        if not self._consumers:
            return pb.ListDeadLettersResponse()
        found = await dead_letters.list_dead_letters(
            self.db,
            limit=min(max(request.limit, 1), _MOST),
            event_type=request.type,
            before=self._before(request) if request.HasField("before_at") else None,
        )
        return pb.ListDeadLettersResponse(dead_letters=[self._message(each) for each in found])

    @idempotent
    async def RedriveDeadLetter(
        self, request: pb.RedriveDeadLetterRequest, context: Any
    ) -> pb.RedriveDeadLetterResponse:
        """Handle an event once more."""
        _require_operator()
        event_id = parse_id(_PREFIX + self._service, request.id)
        if not self._consumers:
            raise not_found()
        done = await redrive(self.db, self._consumers, event_id, request.id)
        return pb.RedriveDeadLetterResponse(dead_letter=self._message(done))

    async def _consumer(self, consumer: EventConsumer) -> pb.Consumer:
        lag = await consumer.lag()
        return pb.Consumer(
            name=self._service,
            stream=stream_name(consumer.subscription[0]),
            lag=lag.pending + lag.unacknowledged,
            redelivered=lag.redelivered,
        )

    def _before(self, request: pb.ListDeadLettersRequest) -> tuple[datetime, UUID]:
        """Return where the page begins; of one moment, services stand in their names' order."""
        head, _, _ = request.before_id.rpartition("_")
        own = _PREFIX + self._service
        if head == own:
            event_id = parse_id(own, request.before_id)
        else:
            event_id = _LAST_ID if own < head else _FIRST_ID
        return request.before_at.ToDatetime(UTC), event_id

    def _message(self, letter: DeadLetter) -> pb.DeadLetter:
        message = pb.DeadLetter(
            id=format_id(_PREFIX + self._service, letter.event.id),
            event_id=format_id("evt", letter.event.id),
            type=letter.type,
            consumer=self._service,
            error=letter.error,
            attempts=letter.deliveries,
        )
        message.at.FromDatetime(letter.failed_at)
        if letter.redriven_at is not None:
            message.redriven_at.FromDatetime(letter.redriven_at)
        return message


def _require_operator() -> None:
    actor = current_actor()
    if actor.service != COMMAND_LINE:
        actor.require_staff()
