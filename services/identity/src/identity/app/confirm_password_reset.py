"""Set a new password with a mailed link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.clock import Clock
from identity.app.guarded_login import LoginAttempts, claim_of
from identity.app.link_ports import MailedLinks
from identity.app.opaque_token import hash_of
from identity.app.ports import Passwords
from identity.domain.errors import LinkInvalid
from identity.domain.mailed_link import PASSWORD_RESET
from identity.domain.password import normalized, require_acceptable


@dataclass(frozen=True, slots=True)
class ConfirmPasswordReset:
    """Whoever reads the account's mail chooses a new password."""

    token: str = field(repr=False)
    new_password: str = field(repr=False)
    address: str = ""
    """Where the caller is, as the gateway sees it."""


@dataclass(frozen=True, slots=True)
class ConfirmPasswordResetHandler:
    """Handles ConfirmPasswordReset."""

    links: MailedLinks
    passwords: Passwords
    attempts: LoginAttempts
    clock: Clock

    async def handle(self, command: ConfirmPasswordReset) -> Sequence[UUID]:
        """Return the sessions that ended: all that were open.

        Raises LinkInvalid, or ValidationFailed or WeakPassword for the password; those two leave
        the link good. Only a token that works costs a slow hash. Afterwards the owner can log in
        from where they are, whoever tries their name elsewhere.
        """
        token = hash_of(command.token)
        account = await self.links.account_of(token, PASSWORD_RESET, self.clock.now())
        if account is None:
            raise LinkInvalid
        require_acceptable(command.new_password, account.email, pointer="/new_password")
        hashed = await self.passwords.hash(normalized(command.new_password))
        ended = await self.links.reset_password(token, hashed, self.clock.now())
        if ended is None:
            raise LinkInvalid
        claim = claim_of(account.email, command.address)
        await self.attempts.succeed(claim, self.clock.now())
        return ended
