"""A parcel: what is in it, and what happened to it on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from orders.domain.errors import TooManyShipmentEvents

CREATED: Final = "created"
DELIVERED: Final = "delivered"
RETURNED: Final = "returned"

CANCELLED: Final = "cancelled"
"""Of no parcel, but of units that will not be delivered; no carrier can tell it."""

RANK: Final[Mapping[str, int]] = {
    CREATED: 0,
    "in_transit": 1,
    "out_for_delivery": 2,
    # An attempt failed: the next one is out for delivery again.
    "failed": 2,
    DELIVERED: 3,
    RETURNED: 4,
}
"""How far along a status is. Carriers tell things late; a parcel never goes back for that."""

MAX_EVENTS: Final = 200


@dataclass(frozen=True, slots=True)
class ShipmentEvent:
    """Something that happened to a parcel."""

    status: str
    occurred_at: datetime
    location: str = ""
    source: str = ""
    """Names the request or webhook that told it, so that it is heard once; empty if it is ours."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel of one seller's part of an order."""

    id: str
    order_id: str
    seller_order_id: str
    seller_id: str
    carrier: str
    tracking_number: str
    status: str
    units: Mapping[str, int]
    """Units by the id of the order's line."""
    events: tuple[ShipmentEvent, ...]
    """In the order in which they were heard."""
    created_at: datetime
    updated_at: datetime

    def knows(self, event: ShipmentEvent) -> bool:
        """Tell whether this very event was heard before."""
        return bool(event.source) and any(each.source == event.source for each in self.events)

    def heard(self, event: ShipmentEvent, now: datetime) -> Shipment:
        """Return the parcel with an event in its log, and with its status if that lies ahead.

        Raises TooManyShipmentEvents for one that brings a parcel with a full log no further.
        """
        if len(self.events) >= MAX_EVENTS and RANK[event.status] <= RANK[self.status]:
            raise TooManyShipmentEvents
        status = event.status if self._is_ahead(event) else self.status
        return replace(self, status=status, events=(*self.events, event), updated_at=now)

    def _is_ahead(self, event: ShipmentEvent) -> bool:
        """Of two statuses of one rank the later one stands."""
        if RANK[event.status] != RANK[self.status]:
            return RANK[event.status] > RANK[self.status]
        since = [each.occurred_at for each in self.events if each.status == self.status]
        return event.status != self.status and event.occurred_at >= max(since)
