"""Open a session, unless too many tried and failed before."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from weakref import WeakValueDictionary

from chassis.addresses import client_key
from chassis.clock import Clock
from identity.app.login import LogIn, LogInHandler
from identity.app.ports import Tokens
from identity.domain.account import MAX_EMAIL, email_key
from identity.domain.errors import IdentityError, TooManyAttempts, TotpRequired
from identity.domain.login_backoff import Claim

_AT_ONCE = 4
"""How many logins of one name at one address are looked at together. Each counts as failed until it
succeeds, and right passwords that meet must not make each other wait."""


class LoginAttempts(Protocol):
    """Counts of failed logins, shared by all processes."""

    async def begin(self, claim: Claim, now: datetime) -> int:
        """Count an attempt as failed before it is looked at; return 0.

        Return the seconds to wait instead, at least 1, if it may not be looked at yet. Attempts
        that come at once cannot pass together where one alone may.
        """

    async def withdraw(self, claim: Claim, now: datetime) -> None:
        """Take back an attempt that did not fail."""

    async def succeed(self, claim: Claim, now: datetime) -> None:
        """Take back an attempt that succeeded, forget the failures of the name at the address, and
        remember the address as its owner's."""


def claim_of(email: str, address: str) -> Claim:
    """Return what a name and an address are counted as."""
    return Claim(email_key(email[: 2 * MAX_EMAIL]), client_key(address))


@dataclass(frozen=True, slots=True)
class GuardedLogInHandler:
    """Handles LogIn; the same for names that nobody has."""

    log_in: LogInHandler
    attempts: LoginAttempts
    clock: Clock
    turns: WeakValueDictionary[Claim, asyncio.Semaphore] = field(
        default_factory=WeakValueDictionary, init=False
    )

    async def handle(self, command: LogIn, address: str) -> Tokens:
        """Return the tokens of a new session; ``address`` is where the caller is.

        Raises TooManyAttempts before anything is looked at, and what LogInHandler raises. A crash
        in the middle leaves the attempt counted as failed.
        """
        claim = claim_of(command.email, address)
        turn = self.turns.setdefault(claim, asyncio.Semaphore(_AT_ONCE))
        async with turn:
            return await self._in_turn(command, claim)

    async def _in_turn(self, command: LogIn, claim: Claim) -> Tokens:
        wait_s = await self.attempts.begin(claim, self.clock.now())
        if wait_s:
            raise TooManyAttempts(wait_s)
        try:
            tokens = await self.log_in.handle(command)
        except IdentityError as error:
            if error.kind != "unauthenticated" or isinstance(error, TotpRequired):
                await self.attempts.withdraw(claim, self.clock.now())
            raise
        except BaseException:
            # Nobody looked at the password, or nobody hears what was seen: the caller has gone.
            await self.attempts.withdraw(claim, self.clock.now())
            raise
        await self.attempts.succeed(claim, self.clock.now())
        return tokens
