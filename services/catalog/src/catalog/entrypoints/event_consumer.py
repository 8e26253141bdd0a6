"""Identity's events as the catalog reads them: only the fields that it needs."""

from __future__ import annotations

from collections.abc import Callable

from catalog.app.ports import Sellers
from catalog.app.record_seller import RecordSeller, record_seller
from catalog.domain.seller import Seller
from chassis.clock import Clock
from chassis.database import Session
from chassis.envelope import Envelope
from chassis.ids import parse_id
from soko.events.v1 import identity_pb2


class SellerEvents:
    """Handles seller_opened and seller_updated."""

    def __init__(self, sellers: Callable[[Session], Sellers], clock: Clock) -> None:
        self._sellers = sellers
        self._clock = clock

    async def opened(self, event: Envelope, session: Session) -> None:
        """Record a seller that exists now."""
        state = identity_pb2.SellerOpened.FromString(event.data).seller
        await self._record(state, event, session)

    async def updated(self, event: Envelope, session: Session) -> None:
        """Record a seller that changed."""
        state = identity_pb2.SellerUpdated.FromString(event.data).seller
        await self._record(state, event, session)

    async def _record(
        self, state: identity_pb2.SellerState, event: Envelope, session: Session
    ) -> None:
        seller = Seller(
            id=parse_id("sel", state.id),
            slug=state.slug,
            name=state.name,
            country=state.country,
            currency=state.currency,
            status=state.status,
        )
        command = RecordSeller(seller, event.sequence)
        await record_seller(command, self._sellers(session), self._clock)
