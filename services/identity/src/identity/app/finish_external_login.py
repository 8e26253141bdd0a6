"""Open a session with an identity of another issuer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from chassis.clock import Clock
from chassis.ids import new_id
from identity.app.external_login_ports import ExternalIdentities
from identity.app.login_providers import Confirmed, LoginProviders, ProviderAnswer
from identity.app.opaque_token import new_token
from identity.app.ports import AccessTokens, Tokens
from identity.app.prove import Prover
from identity.domain.account import Account
from identity.domain.device import UNKNOWN_DEVICE, Device
from identity.domain.errors import (
    AccountExists,
    EmailTaken,
    IdentityTaken,
    OauthFailed,
    OauthStateInvalid,
    TotpRequired,
)
from identity.domain.external_identity import Attempt
from identity.domain.session import NewSession


@dataclass(frozen=True, slots=True)
class FinishExternalLogin:
    """A browser came back from a provider's page."""

    answer: ProviderAnswer
    locale: str = ""
    totp_code: str = field(default="", repr=False)
    """TOTP or recovery code."""
    device: Device = UNKNOWN_DEVICE


@dataclass(frozen=True, slots=True)
class FinishExternalLoginHandler:
    """Handles FinishExternalLogin.

    An account is known by issuer and subject alone. An address never leads into an account, or
    whoever registered it first, or can have it at some issuer, would get into another's.
    """

    providers: LoginProviders
    identities: ExternalIdentities
    tokens: AccessTokens
    prover: Prover
    clock: Clock
    default_locale: str

    async def handle(self, command: FinishExternalLogin) -> Tokens:
        """Return the tokens of a new session, of a new account if the identity is new.

        Raises what LoginProviders.confirm does, EmailNotVerified or AccountExists. An account with
        a second factor is asked for it once the provider has confirmed who it is: TotpRequired,
        InvalidTotpCode and TooManyAttempts let the client come again with a code.
        """
        now, attempts = self.clock.now(), self.providers.attempts
        attempt = self.providers.attempt_of(command.answer)
        subject = await attempts.confirmed(attempt, now) if command.totp_code else None
        if subject is None:
            confirmed = await self.providers.confirm(command.answer, None, now)
            subject = confirmed.identity.subject
            account = await self.identities.find_account(attempt.issuer, subject)
            if account is None:
                return await self._register(confirmed, command, now)
            if not account.second_factor:
                return await self._open(attempt.issuer, subject, account, command, now)
            await attempts.add(attempt, now, subject=subject)
        account = await self._proven(attempt, subject, command.totp_code, now)
        return await self._open(attempt.issuer, subject, account, command, now)

    async def _proven(
        self, attempt: Attempt, subject: str, totp_code: str, now: datetime
    ) -> Account:
        """Return the account of a confirmed attempt, which is used up once the code was right."""
        account = await self.identities.find_account(attempt.issuer, subject)
        if account is None:
            raise OauthFailed
        if account.second_factor:
            if not totp_code:
                raise TotpRequired
            await self.prover.code(account.id, totp_code, now)
        if not await self.providers.attempts.use_confirmed(attempt, now):
            raise OauthStateInvalid
        return account

    async def _open(
        self,
        issuer: str,
        subject: str,
        account: Account,
        command: FinishExternalLogin,
        now: datetime,
    ) -> Tokens:
        refresh = new_token()
        session = NewSession(new_id(), account.id, refresh.hash, now, command.device)
        opened = await self.identities.open(issuer, subject, session)
        if opened is None:
            raise OauthFailed
        return Tokens(await self.tokens.sign(opened, session.id, now), refresh.text)

    async def _register(
        self, confirmed: Confirmed, command: FinishExternalLogin, now: datetime
    ) -> Tokens:
        person, identity, refresh = confirmed.person, confirmed.identity, new_token()
        email = person.require_verified_email()
        language = person.locale_or(command.locale, self.default_locale)
        account = Account(new_id(), email, person.name_to_show(), language, email_verified=True)
        session = NewSession(new_id(), account.id, refresh.hash, now, command.device)
        try:
            await self.identities.register(account, identity, session)
        except (EmailTaken, IdentityTaken):
            # The same person may have finished twice at once.
            found = await self.identities.find_account(identity.issuer, identity.subject)
            if found is None:
                raise AccountExists from None
            return await self._open(identity.issuer, identity.subject, found, command, now)
        return Tokens(await self.tokens.sign(account, session.id, now), refresh.text)
