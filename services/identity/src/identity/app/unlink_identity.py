"""End the link between an identity and the caller's account."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live, require_step_up
from identity.app.external_login_ports import ExternalIdentities
from identity.app.login_providers import LoginProviders
from identity.app.ports import Accounts


@dataclass(frozen=True, slots=True)
class UnlinkIdentity:
    """The caller no longer wants to log in with a provider."""

    caller: Caller
    provider: str


@dataclass(frozen=True, slots=True)
class UnlinkIdentityHandler:
    """Handles UnlinkIdentity. A provider that is switched off can be unlinked, but lets nobody in.

    Sessions that were opened with it go on until they are ended.
    """

    providers: LoginProviders
    accounts: Accounts
    identities: ExternalIdentities
    clock: Clock

    async def handle(self, command: UnlinkIdentity) -> None:
        """End the link.

        Raises SessionEnded, StepUpRequired, IdentityNotLinked or LastLoginMethod.
        """
        now = self.clock.now()
        account = await require_live(self.accounts, command.caller, now)
        require_step_up(account, command.caller, now)
        async with self.identities.ways_in(account.id) as ways:
            ways.unlink(command.provider, self.providers.issuers)
