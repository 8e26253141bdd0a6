"""Whether somebody is the owner of an account: codes and passwords, five tries at most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.app.ports import Accounts, Credentials, Passwords, SecondFactors, TotpSeeds
from identity.app.recovery_codes import hash_of_code
from identity.domain.errors import InvalidTotpCode, TooManyAttempts, WrongPassword
from identity.domain.password import MAX_LENGTH, normalized
from identity.domain.second_factor import is_totp_code, plain_code


@dataclass(frozen=True, slots=True)
class Prover:
    """Checks proofs of those who know a password or have a session already.

    A try is counted before it is made, so that a crash or many at once give no further ones.
    """

    accounts: Accounts
    factors: SecondFactors
    seeds: TotpSeeds
    passwords: Passwords

    async def take_try(self, account_id: UUID, now: datetime) -> None:
        """Count a try; raises TooManyAttempts."""
        locked_until = await self.factors.take_try(account_id, now)
        if locked_until is not None:
            raise TooManyAttempts(math.ceil((locked_until - now).total_seconds()))

    async def code(self, account_id: UUID, code: str, now: datetime) -> None:
        """Use a TOTP or recovery code up; raises InvalidTotpCode or TooManyAttempts."""
        await self.take_try(account_id, now)
        plain = plain_code(code)
        if is_totp_code(plain):
            right = await self._totp_code(account_id, plain, now)
        else:
            right = await self.factors.use_recovery_code(account_id, hash_of_code(plain))
        if not right:
            await self.accounts.note_failure("code_refused", account_id, now)
            raise InvalidTotpCode

    async def password(self, account_id: UUID, password: str, now: datetime) -> Credentials:
        """Return what the password was checked against.

        Raises WrongPassword, TooManyAttempts, or ServiceError ``unavailable`` when too many wait.
        """
        await self.take_try(account_id, now)
        known = await self.accounts.credentials_for(account_id)
        hashed = known.password_hash if known and len(password) <= MAX_LENGTH else None
        plain = normalized(password[:MAX_LENGTH])
        if not await self.passwords.matches(plain, hashed) or known is None:
            await self.accounts.note_failure("password_refused", account_id, now)
            raise WrongPassword
        await self.factors.forget_tries(account_id)
        return known

    async def _totp_code(self, account_id: UUID, code: str, now: datetime) -> bool:
        factor = await self.factors.find(account_id)
        if factor is None or not factor.confirmed:
            return False
        step = self.seeds.step_of(account_id, factor, code, now)
        return step is not None and await self.factors.accept_step(account_id, factor, step)
