"""Applying carriers' updates from the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from chassis.clock import Clock
from chassis.logs import get_logger
from orders.app.ports import CarrierInbox, CarrierUpdate, CheckoutStore, ShipmentRef
from orders.app.record_shipment_event import ShipmentRecorder
from orders.domain.errors import NotFound, TooManyShipmentEvents
from orders.domain.order import Order
from orders.domain.shipment import ShipmentEvent

LEASE = timedelta(seconds=30)
MAX_BATCH = 20
_FIRST_S = 2
_LONGEST_S = 3600
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ApplyCarrierUpdates:
    """Take at most MAX_BATCH updates whose time has come."""


class ApplyCarrierUpdatesHandler:
    """One update after the other, the first received first.

    One whose tracking number nobody knows yet waits: a shipment with that number makes it due, and
    it is looked at again at longer and longer intervals besides. It is never dropped.
    """

    def __init__(
        self,
        inbox: CarrierInbox,
        checkouts: CheckoutStore,
        recorder: ShipmentRecorder,
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._checkouts = checkouts
        self._recorder = recorder
        self._clock = clock

    async def __call__(self, command: ApplyCarrierUpdates) -> int:
        """Return how many updates were taken; raises ServiceError if the database is away."""
        now = self._clock.now()
        due = await self._inbox.claim_due(now, now + LEASE, MAX_BATCH)
        for update, attempts in due:
            if await self._tried(update):
                await self._inbox.applied(update)
            else:
                pause = timedelta(seconds=min(_FIRST_S * 2 ** min(attempts, 20), _LONGEST_S))
                await self._inbox.later(update, self._clock.now() + pause)
        return len(due)

    async def _tried(self, update: CarrierUpdate) -> bool:
        """Apply an update; its failure is nobody else's."""
        try:
            return await self._apply(update)
        except Exception:
            _log.exception("carrier_update_failed", event_id=update.event_id)
            return False

    async def _apply(self, update: CarrierUpdate) -> bool:
        """Tell the parcels with the number what happened; return False if there are none."""
        source = f"{update.carrier.lower()} {update.event_id}"
        event = ShipmentEvent(update.status, update.occurred_at, update.location, source)
        found = await self._inbox.shipments_of(update)
        for ref in found:
            try:
                await self._recorder.record(ref.shipment_id, event, partial(self._load, ref))
            except TooManyShipmentEvents:
                _log.warning("shipment_log_full", shipment_id=ref.shipment_id)
        return bool(found)

    async def _load(self, ref: ShipmentRef) -> Order:
        checkout = await self._checkouts.load(ref.order_id)
        if checkout is None:
            raise NotFound
        return checkout.order
