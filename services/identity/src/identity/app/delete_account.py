"""Delete the caller's account."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, Deletions, Ended
from identity.app.prove import Prover
from identity.domain.errors import SessionEnded, StepUpRequired


@dataclass(frozen=True, slots=True)
class DeleteAccount:
    """The caller leaves for good, and proves once more who it is."""

    caller: Caller
    password: str = field(repr=False)
    """Empty for somebody who stepped up."""
    stepped_up: bool


@dataclass(frozen=True, slots=True)
class DeleteAccountHandler:
    """Handles DeleteAccount."""

    accounts: Accounts
    deletions: Deletions
    prover: Prover
    clock: Clock

    async def handle(self, command: DeleteAccount) -> Ended:
        """Return what stopped working with the account.

        Raises SessionEnded, StepUpRequired, WrongPassword, TooManyAttempts, SoleOwner or
        LastAdmin.
        """
        caller, now = command.caller, self.clock.now()
        await require_live(self.accounts, caller, now)
        if not command.stepped_up:
            if not command.password:
                raise StepUpRequired
            await self.prover.password(caller.account_id, command.password, now)
        ended = await self.deletions.delete(caller.account_id, self.clock.now())
        if ended is None:
            raise SessionEnded
        return ended
