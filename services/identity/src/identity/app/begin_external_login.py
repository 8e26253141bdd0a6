"""Begin a login, or a link, at a provider."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.clock import Clock
from identity.app.caller import Caller, require_live, require_step_up
from identity.app.external_login_ports import ExternalIdentities
from identity.app.login_proof import proof_of
from identity.app.login_providers import LoginProviders
from identity.app.opaque_token import new_token
from identity.app.ports import Accounts
from identity.domain.errors import AlreadyLinked, EmailUnconfirmed
from identity.domain.external_identity import Attempt


@dataclass(frozen=True, slots=True)
class BeginExternalLogin:
    """Somebody wants to log in with a provider; or the caller, if there is one, to link it."""

    provider: str
    caller: Caller | None = None


@dataclass(frozen=True, slots=True)
class BegunLogin:
    """Where to go, and the secret without which nobody can finish."""

    authorization_url: str = field(repr=False)
    client_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BeginExternalLoginHandler:
    """Handles BeginExternalLogin.

    The client's token is what binds the end to the beginning: a stranger's state and code, slipped
    to somebody's browser, find another client's token there (RFC 9700, 4.7).
    """

    providers: LoginProviders
    accounts: Accounts
    identities: ExternalIdentities
    clock: Clock

    async def handle(self, command: BeginExternalLogin) -> BegunLogin:
        """Return where to send the browser.

        Whoever registered somebody else's address cannot leave a way in that outlives the owner's
        password reset: a link wants an address that its owner has confirmed.

        Raises ProviderUnknown, SessionEnded, EmailUnconfirmed, StepUpRequired, AlreadyLinked, and
        ServiceError ``unavailable`` or ``timeout`` while the provider is away.
        """
        provider, now = self.providers.named(command.provider), self.clock.now()
        caller = command.caller
        if caller is not None:
            account = await require_live(self.accounts, caller, now)
            if not account.email_verified:
                raise EmailUnconfirmed
            require_step_up(account, caller, now)
            linked = await self.identities.of_account(caller.account_id)
            if any(each.provider == provider.name for each in linked):
                raise AlreadyLinked
        state, client = new_token(), new_token()
        url = await provider.authorization_url(state.text, proof_of(client.text))
        linking = caller.account_id if caller else None
        attempt = Attempt(state.hash, client.hash, provider.issuer, linking)
        await self.providers.attempts.add(attempt, now)
        return BegunLogin(url, client.text)
