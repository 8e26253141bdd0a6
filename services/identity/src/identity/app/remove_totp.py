"""Take the caller's second factor away."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live, require_step_up
from identity.app.ports import Accounts, SecondFactors
from identity.domain.errors import TotpNotSet


@dataclass(frozen=True, slots=True)
class RemoveTotpHandler:
    """Asks for a fresh proof first: a stolen access token must not open the account for good."""

    accounts: Accounts
    factors: SecondFactors
    clock: Clock

    async def handle(self, caller: Caller) -> None:
        """Forget the factor and its recovery codes.

        Raises SessionEnded, StepUpRequired, or TotpNotSet when there is nothing to forget.
        """
        now = self.clock.now()
        account = await require_live(self.accounts, caller, now)
        require_step_up(account, caller, now)
        if not await self.factors.remove(account.id):
            raise TotpNotSet
