"""Telling catalog of parcels that left or came back, until it has answered.

Cancelled units are such a parcel, too: they leave the order's stock, and come back if they go on
sale again. Payments refunds them first.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import Clock
from orders.app.ports import ParcelStock, Payments, ShipmentStore, StockMove
from orders.domain.saga import backoff

LEASE = timedelta(seconds=30)
MAX_BATCH = 20
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class MoveParcelStock:
    """Take at most MAX_BATCH parcels whose stock is to be moved."""


class MoveParcelStockHandler:
    """Takes parcels with SKIP LOCKED and a lease; each is refunded and moved once, by its id."""

    def __init__(
        self, shipments: ShipmentStore, stock: ParcelStock, payments: Payments, clock: Clock
    ) -> None:
        self._shipments = shipments
        self._stock = stock
        self._payments = payments
        self._clock = clock

    async def __call__(self, command: MoveParcelStock) -> int:
        """Return how many parcels were taken; raises ServiceError if the database is away."""
        now = self._clock.now()
        due = await self._shipments.claim_stock_moves(now, now + LEASE, MAX_BATCH)
        places = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._move(move, places) for move in due))
        return len(due)

    async def _move(self, move: StockMove, places: asyncio.Semaphore) -> None:
        async with places:
            refund = move.refunds and move.step == "shipping"
            done = not refund or await self._payments.refund(move)
            done = done and await self._stock.move(move)
            now = self._clock.now()
            if done:
                await self._shipments.stock_moved(move, now)
            else:
                await self._shipments.stock_later(move, now + backoff(move.attempts))
