"""Shipping a parcel of a seller's part of an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.actor import Actor
from chassis.clock import Clock
from orders.app.ports import CheckoutStore, Payments, ShipmentStore, Wake
from orders.app.seller_staff import SellerStaff
from orders.app.settle_orders import SettleOrders, SettleOrdersHandler
from orders.domain import saga as steps
from orders.domain.checkout import Checkout, after_late_capture
from orders.domain.errors import NotFound, OrderChanged, PaymentNotCaptured
from orders.domain.fulfilment import PAID, Parcel, ship
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
        checkouts: CheckoutStore,
        shipments: ShipmentStore,
        staff: SellerStaff,
        settle: SettleOrdersHandler,
        payments: Payments,
        clock: Clock,
        *,
        saga_due: Wake,
        parcel_due: Wake,
    ) -> None:
        self._checkouts = checkouts
        self._shipments = shipments
        self._staff = staff
        self._settle = settle
        self._payments = payments
        self._clock = clock
        self._saga_due = saga_due
        self._parcel_due = parcel_due

    async def __call__(self, command: CreateShipment) -> Shipment:
        """Return the shipment.

        Raises what SellerStaff.part_to_ship and fulfilment.ship raise, PaymentNotCaptured, and
        OrderChanged.
        """
        asked: set[str] = set()
        for _ in range(_TRIES):
            checkout = await self._checkouts.load(command.order_id)
            if checkout is None:
                raise NotFound
            order = checkout.order
            part = await self._staff.part_to_ship(command.actor, order, command.seller_order_id)
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
            if not _is_paid(checkout):
                await self._take_money(checkout, asked)
            elif await self._shipments.save(move):
                self._parcel_due()
                return move.shipment
        raise OrderChanged

    async def _take_money(self, checkout: Checkout, asked: set[str]) -> None:
        """Settle or capture an order, once each; raises PaymentNotCaptured if that is in vain."""
        step = checkout.saga.step
        if step in asked:
            raise PaymentNotCaptured
        asked.add(step)
        if step == steps.SETTLING:
            await self._settle(SettleOrders([checkout]))
        elif step == steps.DONE and checkout.order.payment_status == "authorized":
            await self._capture(checkout)
        else:
            raise PaymentNotCaptured

    async def _capture(self, checkout: Checkout) -> None:
        outcomes = await self._payments.capture([checkout.order.id])
        outcome = outcomes.get(checkout.order.id, "unknown")
        transition = after_late_capture(checkout, outcome, self._clock.now())
        if transition is None:
            raise PaymentNotCaptured
        if await self._checkouts.save(transition) and outcome == "failed":
            self._saga_due()
            raise PaymentNotCaptured


def _is_paid(checkout: Checkout) -> bool:
    """Tell whether the order is settled: its stock allocated, its money captured or not needed."""
    return checkout.saga.step == steps.DONE and checkout.order.payment_status in PAID
