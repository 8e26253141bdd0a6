"""Cancelling what a seller cannot deliver of its part of an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chassis.actor import Actor
from chassis.clock import Clock
from orders.app.ports import CheckoutStore, Key, Payments, ShipmentStore, StoredAnswer, Wake
from orders.app.seller_parts import PartOf
from orders.app.seller_staff import SellerStaff
from orders.app.take_money import MoneyTaker, is_paid
from orders.domain import checkout as moves
from orders.domain.cancellation import cancel_units
from orders.domain.errors import OrderChanged, PartNotRefundable
from orders.domain.order import Order

_TRIES = 16
"""Each lost try means that another one changed the order meanwhile."""


@dataclass(frozen=True, slots=True)
class CancelItems:
    """Cancel units by line id, all that has not shipped without any; the id stays at a repetition.

    ``render`` makes the stored answer, with which a repetition after a crash is answered.
    """

    cancellation_id: str
    seller_order_id: str
    units: Mapping[str, int]
    reason: str
    restock: bool
    actor: Actor
    key: Key | None
    render: Callable[[Order], bytes]


class CancelItemsHandler:
    """Cancels first; a worker then has the money refunded and the stock moved.

    Of parcels, cancellations and payments' news that meet, each is judged by what the one before
    made of the order. If nothing is left of the order, it is cancelled as a whole.
    """

    def __init__(
        self,
        checkouts: CheckoutStore,
        shipments: ShipmentStore,
        staff: SellerStaff,
        money: MoneyTaker,
        payments: Payments,
        clock: Clock,
        *,
        saga_due: Wake,
        parcel_due: Wake,
    ) -> None:
        self._checkouts = checkouts
        self._shipments = shipments
        self._staff = staff
        self._money = money
        self._payments = payments
        self._clock = clock
        self._saga_due = saga_due
        self._parcel_due = parcel_due

    async def __call__(self, command: CancelItems) -> Order:
        """Return the order as the seller sees it.

        Raises what SellerStaff.part_to_ship and cancel_units raise, PaymentNotCaptured,
        PartNotRefundable, OrderChanged, and ServiceError while payments does not answer.
        """
        asked: set[str] = set()
        which = PartOf(seller_order_id=command.seller_order_id)
        for _ in range(_TRIES):
            checkout, part = await self._staff.part_to_ship(command.actor, which)
            order = checkout.order
            if any(each.id == command.cancellation_id for each in order.cancellations):
                return order.seen_by(part.seller_id)
            now = self._clock.now()
            move = cancel_units(
                order,
                part,
                command.cancellation_id,
                command.units,
                command.reason,
                now,
                restock=command.restock,
            )
            if move.leaves_nothing:
                whole = moves.cancel(checkout, command.reason, now)
                seen = whole.after.order.seen_by(part.seller_id)
                answer = StoredAnswer(command.key, command.render(seen)) if command.key else None
                if await self._checkouts.save(whole, answer):
                    self._saga_due()
                    return seen
            elif not is_paid(checkout):
                await self._money.take(checkout, asked)
            elif not await self._payments.refunds_in_parts(order.id):
                raise PartNotRefundable
            elif await self._shipments.cancel(move):
                self._parcel_due()
                return move.after.seen_by(part.seller_id)
        raise OrderChanged
