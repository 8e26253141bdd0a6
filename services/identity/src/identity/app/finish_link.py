"""Link an identity of another issuer to the caller's account."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.external_login_ports import ExternalIdentities
from identity.app.login_providers import LoginProviders, ProviderAnswer
from identity.app.ports import Accounts
from identity.domain.external_identity import ExternalIdentity


@dataclass(frozen=True, slots=True)
class FinishLink:
    """The caller's browser came back from a provider's page."""

    caller: Caller
    answer: ProviderAnswer


@dataclass(frozen=True, slots=True)
class FinishLinkHandler:
    """Handles FinishLink: only the account that began a link can finish it."""

    providers: LoginProviders
    accounts: Accounts
    identities: ExternalIdentities
    clock: Clock

    async def handle(self, command: FinishLink) -> ExternalIdentity:
        """Return the link.

        Raises SessionEnded, what LoginProviders.confirm does, IdentityTaken or AlreadyLinked.
        """
        now, caller = self.clock.now(), command.caller
        await require_live(self.accounts, caller, now)
        confirmed = await self.providers.confirm(command.answer, caller.account_id, now)
        await self.identities.link(caller.account_id, confirmed.identity)
        return confirmed.identity
