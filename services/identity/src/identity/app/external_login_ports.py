"""What logging in with other issuers' identities needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.app.login_proof import LoginProof
from identity.domain.account import Account
from identity.domain.external_identity import Attempt, ExternalIdentity, Person, WaysIn
from identity.domain.session import NewSession


class LoginProvider(Protocol):
    """An issuer of identities that is switched on.

    Its methods raise ServiceError ``unavailable`` or ``timeout``, naming the provider, while it is
    away or its answers are of no use.
    """

    @property
    def name(self) -> str:
        """Its name in addresses."""

    @property
    def title(self) -> str:
        """Its name for people."""

    @property
    def issuer(self) -> str:
        """Who issues the identities: an https address."""

    async def connect(self) -> None:
        """Find out where its endpoints are, unless that is known."""

    async def authorization_url(self, state: str, proof: LoginProof) -> str:
        """Return the page to send a browser to."""

    async def person(self, code: str, proof: LoginProof, now: datetime) -> Person:
        """Exchange a code for whom it stands for; raises OauthFailed."""


class Attempts(Protocol):
    """Logins and links that were begun; each step is good for ten minutes.

    Of any number of callers with one attempt one at most is told True. Whoever knows only some of
    it cannot use it up.
    """

    async def add(self, attempt: Attempt, now: datetime, *, subject: str | None = None) -> None:
        """Store one, and forget some that are too old.

        With a subject it waits for that person's second factor only: the issuer has confirmed who
        it is.
        """

    async def use(self, attempt: Attempt, now: datetime) -> bool:
        """Use one up that the issuer has not confirmed; False if there is none."""

    async def confirmed(self, attempt: Attempt, now: datetime) -> str | None:
        """Return whom the issuer has confirmed, if it has."""

    async def use_confirmed(self, attempt: Attempt, now: datetime) -> bool:
        """Use one up that the issuer has confirmed; False if there is none."""


class ExternalIdentities(Protocol):
    """Identities of other issuers that are linked to accounts."""

    async def find_account(self, issuer: str, subject: str) -> Account | None:
        """Return the account that an identity leads into."""

    async def open(self, issuer: str, subject: str, session: NewSession) -> Account | None:
        """Store a session; None if the identity no longer leads into the session's account."""

    async def register(
        self, account: Account, identity: ExternalIdentity, session: NewSession
    ) -> None:
        """Store a new account without a password, its identity and its first session.

        Its address counts as verified: the issuer vouches for it. Tells account_registered.
        Raises EmailTaken or IdentityTaken.
        """

    async def link(self, account_id: UUID, identity: ExternalIdentity) -> None:
        """Store a link; raises IdentityTaken or AlreadyLinked."""

    async def of_account(self, account_id: UUID) -> Sequence[ExternalIdentity]:
        """Return the identities of an account, the oldest link first."""

    def ways_in(self, account_id: UUID) -> AbstractAsyncContextManager[WaysIn]:
        """Hold the ways into an account; at the end the change is stored.

        Others wait meanwhile. An exception leaves everything as it was.
        """
