"""Open a session with an address and a password."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.clock import Clock
from chassis.ids import new_id
from identity.app.opaque_token import new_token
from identity.app.ports import AccessTokens, Accounts, Credentials, Passwords, Sessions, Tokens
from identity.app.prove import Prover
from identity.domain.account import MAX_EMAIL, email_key
from identity.domain.device import UNKNOWN_DEVICE, Device
from identity.domain.errors import InvalidCredentials, TotpRequired
from identity.domain.password import MAX_LENGTH, normalized
from identity.domain.session import NewSession


@dataclass(frozen=True, slots=True)
class LogIn:
    """A person claims to be the owner of an account."""

    email: str
    password: str = field(repr=False)
    totp_code: str = field(default="", repr=False)
    """TOTP or recovery code."""
    device: Device = UNKNOWN_DEVICE


@dataclass(frozen=True, slots=True)
class LogInHandler:
    """Handles LogIn."""

    accounts: Accounts
    sessions: Sessions
    passwords: Passwords
    tokens: AccessTokens
    clock: Clock
    prover: Prover

    async def handle(self, command: LogIn) -> Tokens:
        """Return the tokens of a new session.

        Raises InvalidCredentials, after the same work whether the address is known or not; and
        once the password was right TotpRequired, InvalidTotpCode or TooManyAttempts.
        """
        known = await self._credentials(command.email)
        possible = len(command.password) <= MAX_LENGTH
        hashed = known.password_hash if known and possible else None
        password = normalized(command.password[:MAX_LENGTH])
        if not await self.passwords.matches(password, hashed) or known is None:
            owner = known.account_id if known else None
            await self.accounts.note_failure("login_failed", owner, self.clock.now())
            raise InvalidCredentials
        await self._renew(known, password)
        refresh, now = new_token(), self.clock.now()
        if known.second_factor:
            if not command.totp_code:
                raise TotpRequired
            await self.prover.code(known.account_id, command.totp_code, now)
        session = NewSession(new_id(), known.account_id, refresh.hash, now, command.device)
        account = await self.sessions.open(session, known.changed_at)
        if account is None:
            raise InvalidCredentials
        return Tokens(await self.tokens.sign(account, session.id, now), refresh.text)

    async def _credentials(self, email: str) -> Credentials | None:
        key = email_key(email[: 2 * MAX_EMAIL])
        # PostgreSQL takes no NUL in a text, and no registered address has one.
        return None if "\0" in key else await self.accounts.credentials_of(key)

    async def _renew(self, known: Credentials, password: str) -> None:
        """Make an outdated hash anew, while the password is at hand."""
        if self.passwords.is_outdated(known.password_hash):
            stronger = await self.passwords.hash(password)
            await self.accounts.replace_hash(known.account_id, known.password_hash, stronger)
