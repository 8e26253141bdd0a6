"""Units that a seller cannot deliver: cancelled before they ship, the rest of the order stands.

Pure, as fulfilment is: the store accepts a move only while the order still is what it was, so that
parcels, cancellations and payments exclude each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from orders.domain import statuses
from orders.domain.errors import ItemUnknown, OrderNotCancellable, QuantityNotCancellable
from orders.domain.fulfilment import followed, part_of, shippable
from orders.domain.order import Cancellation, Order, SellerOrder

CancellationEvent = Literal["order_items_cancelled", "order_delivered"]


@dataclass(frozen=True, slots=True)
class CancellationMove:
    """Units that are cancelled, what the order becomes by it, and what is told of it."""

    before: Order
    after: Order
    cancellation: Cancellation
    told: tuple[CancellationEvent, ...]

    @property
    def part(self) -> SellerOrder:
        """The seller's part, as it is to be."""
        return part_of(self.after, self.cancellation.seller_order_id)

    @property
    def leaves_nothing(self) -> bool:
        """Whether no unit of the whole order is left: it is cancelled as a whole instead."""
        order = self.after
        return all(order.cancelled_units(line.id) == line.quantity for line in order.lines)


def cancel_units(
    order: Order,
    part: SellerOrder,
    cancellation_id: str,
    units: Mapping[str, int],
    reason: str,
    now: datetime,
    *,
    restock: bool,
) -> CancellationMove:
    """Cancel units of a seller's part, by line id; all that it has not shipped without any.

    ``restock`` puts them back on sale. Raises OrderNotCancellable where nothing is left to ship,
    ItemUnknown, and QuantityNotCancellable for units that have shipped or are cancelled already.
    """
    left = shippable(order, part.id)
    wanted = dict(units) or {line_id: count for line_id, count in left.items() if count}
    if part.status != statuses.CONFIRMED or not wanted:
        raise OrderNotCancellable(status=part.status)
    unknown = [line_id for line_id in wanted if line_id not in left]
    if unknown:
        raise ItemUnknown(item_id=unknown[0])
    short = [
        {"item_id": line_id, "requested": count, "cancellable": left[line_id]}
        for line_id, count in wanted.items()
        if count > left[line_id]
    ]
    if short:
        raise QuantityNotCancellable(lines=short)
    cancellation = Cancellation(
        cancellation_id, order.id, part.id, part.seller_id, wanted, reason, restock, now
    )
    fewer = replace(order, cancellations=(*order.cancellations, cancellation))
    after = followed(fewer, part.id, now)
    told: tuple[CancellationEvent, ...] = ("order_items_cancelled",)
    if part_of(after, part.id).fulfilment_status == "delivered":
        # What was missing for it had not shipped.
        told = (*told, "order_delivered")
    return CancellationMove(order, after, cancellation, told)
