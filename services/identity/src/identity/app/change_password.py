"""Change the caller's password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, Passwords
from identity.app.prove import Prover
from identity.domain.errors import WrongPassword
from identity.domain.password import normalized, require_acceptable


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """The caller knows its password and wants another."""

    caller: Caller
    current_password: str = field(repr=False)
    new_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChangePasswordHandler:
    """Handles ChangePassword."""

    accounts: Accounts
    passwords: Passwords
    prover: Prover
    clock: Clock

    async def handle(self, command: ChangePassword) -> Sequence[UUID]:
        """Return the sessions that ended: all that were open but the caller's.

        Raises SessionEnded, ValidationFailed or WeakPassword for the new password, WrongPassword or
        TooManyAttempts for the present one. Of two changes at once one succeeds.
        """
        now, caller = self.clock.now(), command.caller
        account = await require_live(self.accounts, caller, now)
        require_acceptable(command.new_password, account.email, pointer="/new_password")
        known = await self.prover.password(account.id, command.current_password, now)
        hashed = await self.passwords.hash(normalized(command.new_password))
        ended = await self.accounts.change_password(
            account.id, caller.session_id, known.password_hash, hashed, self.clock.now()
        )
        if ended is None:
            raise WrongPassword
        return ended
