"""Paying what was requested and never heard of: after a crash, or without an answer."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.logs import get_logger
from payments.app.create_payout import PayoutSender
from payments.app.ports import Payouts

_BATCH = 20
_log = get_logger(__name__)


class SendDuePayouts:
    """Sends payouts whose check is due, one after another: there are few."""

    def __init__(self, payouts: Payouts, sender: PayoutSender, clock: Clock) -> None:
        self._payouts = payouts
        self._sender = sender
        self._clock = clock

    async def handle(self) -> int:
        """Send one batch; return how many there were."""
        due = await self._payouts.claim_due(self._clock.now(), _BATCH)
        for payout in due:
            try:
                await self._sender.send(payout)
            except Exception as error:
                # One that cannot be sent must not keep the others waiting; it comes again.
                _log.exception("payout_not_sent", payout=str(payout.id), error=str(error))
        return len(due)
