"""List the identities that are linked to the caller's account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.external_login_ports import ExternalIdentities
from identity.app.ports import Accounts
from identity.domain.external_identity import ExternalIdentity


@dataclass(frozen=True, slots=True)
class ListIdentitiesHandler:
    """Answers with which logins of providers the caller gets in."""

    accounts: Accounts
    identities: ExternalIdentities
    clock: Clock

    async def handle(self, caller: Caller) -> Sequence[ExternalIdentity]:
        """Return the identities, the oldest link first; raises SessionEnded."""
        await require_live(self.accounts, caller, self.clock.now())
        return await self.identities.of_account(caller.account_id)
