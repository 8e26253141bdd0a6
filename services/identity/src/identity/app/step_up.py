"""Prove once more that the caller is the account, before money moves."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import AccessTokens, Accounts
from identity.app.prove import Prover
from identity.domain.errors import TotpNotSet
from identity.domain.second_factor import STEP_UP_LIFE


@dataclass(frozen=True, slots=True)
class StepUp:
    """The caller proves itself with a code, or with the password if there is no code."""

    caller: Caller
    totp_code: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StepUpHandler:
    """Handles StepUp.

    The step-up is a property of one access token: a refreshed one has to prove itself again, so
    that a stolen refresh token never moves money.
    """

    accounts: Accounts
    prover: Prover
    tokens: AccessTokens
    clock: Clock

    async def handle(self, command: StepUp) -> str:
        """Return an access token of the same session that is stepped up for five minutes.

        Raises SessionEnded, TotpNotSet for a code without a second factor, InvalidTotpCode,
        WrongPassword or TooManyAttempts.
        """
        now, caller = self.clock.now(), command.caller
        account = await require_live(self.accounts, caller, now)
        if command.totp_code:
            if not account.second_factor:
                raise TotpNotSet
            await self.prover.code(account.id, command.totp_code, now)
        else:
            await self.prover.password(account.id, command.password, now)
        return await self.tokens.sign(account, caller.session_id, now, now + STEP_UP_LIFE)
