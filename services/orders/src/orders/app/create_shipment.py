"""Shipping a parcel of a seller's part of an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.actor import Actor
from chassis.clock import Clock
from orders.app.ports import ShipmentStore, Wake
from orders.app.seller_parts import PartOf
from orders.app.seller_staff import SellerStaff
from orders.app.take_money import MoneyTaker, is_paid
from orders.domain.errors import OrderChanged
from orders.domain.fulfilment import Parcel, ship
from orders.domain.shipment import Shipment

_TRIES = 16
"""Each lost try means that another one changed the order meanwhile."""


@dataclass(frozen=True, slots=True)
class CreateShipment:
    """Ship units by line id; the id is the same at every repetition of the request."""

    shipment_id: str
    order_id: str
    seller_order_id: str
    """Empty if the caller ships for one seller in the order only."""
    carrier: str
    tracking_number: str
    units: Mapping[str, int]
    actor: Actor


class CreateShipmentHandler:
    """Money first: what is not captured is captured now, or nothing ships.

    Of parcels, a cancellation and payments' news that meet, each is judged by what the one before
    made of the order: the order's version is compared and set.
    """

    def __init__(
        self,
        shipments: ShipmentStore,
        staff: SellerStaff,
        money: MoneyTaker,
        clock: Clock,
        parcel_due: Wake,
    ) -> None:
        self._shipments = shipments
        self._staff = staff
        self._money = money
        self._clock = clock
        self._parcel_due = parcel_due

    async def __call__(self, command: CreateShipment) -> Shipment:
        """Return the shipment.

        Raises what SellerStaff.part_to_ship and fulfilment.ship raise, PaymentNotCaptured, and
        OrderChanged.
        """
        asked: set[str] = set()
        which = PartOf(order_id=command.order_id, seller_order_id=command.seller_order_id)
        for _ in range(_TRIES):
            checkout, part = await self._staff.part_to_ship(command.actor, which)
            order = checkout.order
            known = order.shipment(command.shipment_id)
            if known is not None:
                return known
            parcel = Parcel(
                command.shipment_id,
                part.id,
                command.carrier,
                command.tracking_number,
                command.units,
            )
            move = ship(order, parcel, self._clock.now())
            if not is_paid(checkout):
                await self._money.take(checkout, asked)
            elif await self._shipments.save(move):
                self._parcel_due()
                return move.shipment
        raise OrderChanged
