"""FulfilmentService over gRPC."""

# ruff: noqa: N802 - the methods have the contract's names.

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.clock import Clock
from chassis.context import current_actor, current_idempotency
from chassis.database import Database
from chassis.errors import Violation, invalid
from chassis.idempotency import idempotent
from chassis.ids import format_id, new_id
from orders.app.create_shipment import CreateShipment, CreateShipmentHandler
from orders.app.ports import CarrierUpdate
from orders.app.receive_carrier_update import ReceiveCarrierUpdate, ReceiveCarrierUpdateHandler
from orders.app.record_shipment_event import RecordShipmentEvent, RecordShipmentEventHandler
from orders.domain.shipment import RANK, ShipmentEvent
from orders.domain.webhook_signature import SignedBody
from orders.entrypoints.checks import checked_id, checked_units
from orders.entrypoints.messages import shipment_message
from soko.orders.v1 import fulfilment_pb2 as pb
from soko.orders.v1 import fulfilment_pb2_grpc

Context = grpc.aio.ServicerContext[object, object]

_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class FulfilmentUseCases:
    """What FulfilmentService can do."""

    create: CreateShipmentHandler
    record: RecordShipmentEventHandler
    receive: ReceiveCarrierUpdateHandler


class FulfilmentServicer(fulfilment_pb2_grpc.FulfilmentServiceServicer):
    """Parcels of sellers' orders."""

    def __init__(self, use_cases: FulfilmentUseCases, db: Database, clock: Clock) -> None:
        self._do = use_cases
        self._clock = clock
        self.db = db

    @idempotent
    async def CreateShipment(
        self, request: pb.CreateShipmentRequest, context: Context
    ) -> pb.CreateShipmentResponse:
        """Ship a parcel."""
        key = current_idempotency()
        part_id = request.seller_order_id
        shipment = await self._do.create(
            CreateShipment(
                shipment_id=format_id("shp", key.derive_id("shipment") if key else new_id()),
                order_id=checked_id("ord", request.order_id),
                seller_order_id=checked_id("sor", part_id) if part_id else "",
                carrier=_checked_text("carrier", request.carrier, required=True),
                tracking_number=_checked_text("tracking_number", request.tracking_number),
                units=checked_units(request.items),
                actor=current_actor(),
            )
        )
        return pb.CreateShipmentResponse(shipment=shipment_message(shipment))

    @idempotent
    async def RecordShipmentEvent(
        self, request: pb.RecordShipmentEventRequest, context: Context
    ) -> pb.RecordShipmentEventResponse:
        """Record what happened to a parcel."""
        key = current_idempotency()
        told_at = request.occurred_at if request.HasField("occurred_at") else None
        event = ShipmentEvent(
            status=_checked_status(request.status),
            occurred_at=_time(told_at) if told_at is not None else self._clock.now(),
            location=_checked_text("location", request.location),
            source=str(key.derive_id("shipment_event") if key else new_id()),
        )
        shipment_id = checked_id("shp", request.shipment_id)
        command = RecordShipmentEvent(shipment_id, event, current_actor())
        shipment = await self._do.record(command)
        return pb.RecordShipmentEventResponse(shipment=shipment_message(shipment))

    async def ReceiveCarrierUpdate(
        self, request: pb.ReceiveCarrierUpdateRequest, context: Context
    ) -> pb.ReceiveCarrierUpdateResponse:
        """Store a carrier's webhook."""
        signed = SignedBody(
            request.body,
            request.webhook_id,
            request.webhook_timestamp,
            request.webhook_signature,
        )
        update = CarrierUpdate(
            event_id=_checked_text("event_id", request.event_id, required=True),
            carrier=_checked_text("carrier", request.carrier, required=True),
            tracking_number=_checked_text(
                "tracking_number", request.tracking_number, required=True
            ),
            status=_checked_status(request.status),
            occurred_at=_time(request.occurred_at),
            location=_checked_text("location", request.location),
        )
        await self._do.receive(ReceiveCarrierUpdate(signed, update))
        return pb.ReceiveCarrierUpdateResponse()


def _checked_status(status: str) -> str:
    if status not in RANK:
        detail = "This is no status of a shipment."
        raise invalid("unknown_status", detail, [Violation("/status", detail)])
    return status


def _checked_text(name: str, text: str, *, required: bool = False) -> str:
    if len(text) > _MAX_TEXT or (required and not text.strip()):
        detail = f"This has 1 to {_MAX_TEXT} characters."
        raise invalid(f"invalid_{name}", detail, [Violation(f"/{name}", detail)])
    return text.strip()


def _time(message: Timestamp) -> datetime:
    try:
        return message.ToDatetime(UTC)
    except (ValueError, OverflowError):
        detail = "This is no time."
        raise invalid("invalid_time", detail, [Violation("/occurred_at", detail)]) from None
