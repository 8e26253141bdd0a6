"""Noting what a provider paid out."""

from __future__ import annotations

from chassis.clock import Clock
from payments.app.ports import Settlements
from payments.domain.errors import SettlementDiffers
from payments.domain.settlement import Settlement


class RecordSettlementHandler:
    """Posts a settlement once per provider and reference."""

    def __init__(self, settlements: Settlements, clock: Clock) -> None:
        self._settlements = settlements
        self._clock = clock

    async def handle(self, settlement: Settlement) -> Settlement:
        """Return the settlement as it stands.

        Raises AmountInvalid, CurrencyMismatch, and SettlementDiffers when the reference was
        recorded with other amounts.
        """
        settlement.check()
        known = await self._settlements.record(settlement, self._clock.now())
        if known != settlement:
            raise SettlementDiffers("the reference was recorded with other amounts")
        return known
