"""Recording what happened to a parcel, as its seller or its carrier tells it."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.actor import Actor
from chassis.clock import Clock
from orders.app.ports import CheckoutStore, ShipmentRef, ShipmentStore, Wake
from orders.app.seller_staff import SellerStaff
from orders.domain.checkout import CLOCK_SLACK
from orders.domain.errors import NotFound, OccurredInFuture, OrderChanged
from orders.domain.fulfilment import hear
from orders.domain.shipment import Shipment, ShipmentEvent

_TRIES = 16


class ShipmentRecorder:
    """Adds an event to a parcel's log once, whoever tells it and however often."""

    def __init__(
        self, checkouts: CheckoutStore, shipments: ShipmentStore, clock: Clock, parcel_due: Wake
    ) -> None:
        self._checkouts = checkouts
        self._shipments = shipments
        self._clock = clock
        self._parcel_due = parcel_due

    async def record(self, ref: ShipmentRef, event: ShipmentEvent) -> Shipment:
        """Return the parcel as it then stands; raises TooManyShipmentEvents, OrderChanged."""
        for _ in range(_TRIES):
            checkout = await self._checkouts.load(ref.order_id)
            shipment = checkout.order.shipment(ref.shipment_id) if checkout else None
            if checkout is None or shipment is None:
                raise NotFound
            move = hear(checkout.order, ref.shipment_id, event, self._clock.now())
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

    def __init__(
        self, shipments: ShipmentStore, staff: SellerStaff, recorder: ShipmentRecorder, clock: Clock
    ) -> None:
        self._shipments = shipments
        self._staff = staff
        self._recorder = recorder
        self._clock = clock

    async def __call__(self, command: RecordShipmentEvent) -> Shipment:
        """Return the parcel as it then stands.

        Raises ``authentication_required``, NotFound, NotAMember, OccurredInFuture,
        TooManyShipmentEvents.
        """
        command.actor.require_account()
        ref = await self._shipments.find(command.shipment_id)
        if ref is None:
            raise NotFound
        await self._staff.require_shipper(command.actor, ref.seller_id)
        if command.event.occurred_at > self._clock.now() + CLOCK_SLACK:
            raise OccurredInFuture
        return await self._recorder.record(ref, command.event)
