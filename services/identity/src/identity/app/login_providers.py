"""The providers that are switched on, and what comes back from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from identity.app.external_login_ports import Attempts, LoginProvider
from identity.app.login_proof import proof_of
from identity.app.opaque_token import hash_of
from identity.domain.errors import OauthFailed, OauthStateInvalid, ProviderUnknown
from identity.domain.external_identity import Attempt, ExternalIdentity, Person


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What a browser came back with from a provider's page, and what its client kept."""

    provider: str
    code: str = field(repr=False)
    state: str = field(repr=False)
    client_token: str = field(repr=False)
    issuer: str = ""
    """The answer's ``iss`` parameter (RFC 9207), if it had one."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An identity that its issuer has just confirmed."""

    identity: ExternalIdentity
    person: Person


@dataclass(frozen=True, slots=True)
class LoginProviders:
    """The providers that are switched on, in the order of the settings."""

    all: Sequence[LoginProvider]
    attempts: Attempts

    def named(self, name: str) -> LoginProvider:
        """Return a provider; raises ProviderUnknown."""
        found = next((each for each in self.all if each.name == name), None)
        if found is None:
            raise ProviderUnknown
        return found

    def attempt_of(self, answer: ProviderAnswer, account_id: UUID | None = None) -> Attempt:
        """Return what an answer claims to end; raises ProviderUnknown."""
        issuer = self.named(answer.provider).issuer
        return Attempt(hash_of(answer.state), hash_of(answer.client_token), issuer, account_id)

    @property
    def issuers(self) -> frozenset[str]:
        """The issuers that logins work with at present."""
        return frozenset(each.issuer for each in self.all)

    async def confirm(
        self, answer: ProviderAnswer, account_id: UUID | None, now: datetime
    ) -> Confirmed:
        """Return who has logged in there; ``account_id`` is the account to link to, if any.

        What was begun is used up before the code is: a client whose answer got lost begins again.
        Raises ProviderUnknown, OauthStateInvalid, OauthFailed, ServiceError ``unavailable`` or
        ``timeout``.
        """
        provider = self.named(answer.provider)
        if answer.issuer and answer.issuer != provider.issuer:
            raise OauthFailed
        await provider.connect()
        if not await self.attempts.use(self.attempt_of(answer, account_id), now):
            raise OauthStateInvalid
        person = await provider.person(answer.code, proof_of(answer.client_token), now)
        identity = ExternalIdentity(
            provider.issuer, person.subject, provider.name, person.email, now
        )
        return Confirmed(identity, person)
