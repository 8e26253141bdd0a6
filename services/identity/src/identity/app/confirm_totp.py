"""Set the caller's second factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, SecondFactors, TotpSeeds
from identity.app.prove import Prover
from identity.app.recovery_codes import hash_of_code, new_recovery_codes
from identity.domain.errors import InvalidTotpCode, TotpAlreadySet, TotpNotStarted
from identity.domain.second_factor import plain_code


@dataclass(frozen=True, slots=True)
class ConfirmTotp:
    """The caller's app shows codes of the seed."""

    caller: Caller
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConfirmTotpHandler:
    """Handles ConfirmTotp."""

    accounts: Accounts
    factors: SecondFactors
    seeds: TotpSeeds
    prover: Prover
    clock: Clock

    async def handle(self, command: ConfirmTotp) -> Sequence[str]:
        """Return the recovery codes, which are stored as hashes only.

        Raises SessionEnded, TotpNotStarted, TotpAlreadySet, InvalidTotpCode or TooManyAttempts.
        """
        now = self.clock.now()
        account = await require_live(self.accounts, command.caller, now)
        factor = await self.factors.find(account.id)
        if factor is None:
            raise TotpNotStarted
        if factor.confirmed:
            raise TotpAlreadySet
        await self.prover.take_try(account.id, now)
        step = self.seeds.step_of(account.id, factor, plain_code(command.code), now)
        if step is None:
            raise InvalidTotpCode
        codes = new_recovery_codes()
        hashes = [hash_of_code(code) for code in codes]
        if not await self.factors.confirm(account.id, factor, step, hashes, now):
            raise TotpAlreadySet
        return codes
