"""Recording what happened to a parcel, as its seller or its carrier tells it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.actor import Actor
from chassis.clock import Clock
from orders.app.ports import ShipmentStore, Wake
from orders.app.seller_parts import PartOf
from orders.app.seller_staff import SellerStaff
from orders.domain.checkout import CLOCK_SLACK
from orders.domain.errors import NotFound, OccurredInFuture, OrderChanged
from orders.domain.fulfilment import hear
from orders.domain.order import Order
from orders.domain.shipment import Shipment, ShipmentEvent

_TRIES = 16


class ShipmentRecorder:
    """Adds an event to a parcel's log once, whoever tells it and however often."""

    def __init__(self, shipments: ShipmentStore, clock: Clock, parcel_due: Wake) -> None:
        self._shipments = shipments
        self._clock = clock
        self._parcel_due = parcel_due

    async def record(
        self, shipment_id: str, event: ShipmentEvent, load: Callable[[], Awaitable[Order]]
    ) -> Shipment:
        """Return the parcel as it then stands; ``load`` returns its order as it is now.

        Raises what that raises, TooManyShipmentEvents, OrderChanged.
        """
        for _ in range(_TRIES):
            order = await load()
            shipment = order.shipment(shipment_id)
            if shipment is None:
                raise NotFound
            move = hear(order, shipment_id, event, self._clock.now())
            if move is None:
                return shipment
            if await self._shipments.save(move):
                self._parcel_due()
                return move.shipment
        raise OrderChanged


@dataclass(frozen=True, slots=True)
class RecordShipmentEvent:
    """Something happened to a parcel; without a time, now."""

    shipment_id: str
    event: ShipmentEvent
    actor: Actor


class RecordShipmentEventHandler:
    """The seller's way to tell."""

    def __init__(self, staff: SellerStaff, recorder: ShipmentRecorder, clock: Clock) -> None:
        self._staff = staff
        self._recorder = recorder
        self._clock = clock

    async def __call__(self, command: RecordShipmentEvent) -> Shipment:
        """Return the parcel as it then stands.

        Raises ``authentication_required``, NotFound, NotAMember, OccurredInFuture,
        TooManyShipmentEvents.
        """
        which = PartOf(shipment_id=command.shipment_id)

        async def load() -> Order:
            checkout, _ = await self._staff.part_to_ship(command.actor, which)
            if command.event.occurred_at > self._clock.now() + CLOCK_SLACK:
                raise OccurredInFuture
            return checkout.order

        return await self._recorder.record(command.shipment_id, command.event, load)
