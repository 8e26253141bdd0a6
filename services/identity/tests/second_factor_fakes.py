"""Second factors in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.domain.second_factor import LOCK_OUT, MAX_TRIES, UNCONFIRMED_LIFE, TotpFactor
from services.identity.tests.fakes import Memory, StoredFactor


class MemorySecondFactors:
    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def _same(
        self, account_id: UUID, factor: TotpFactor, *, confirmed: bool
    ) -> StoredFactor | None:
        known = self.memory.factors.get(account_id)
        if known is None or known.sealed_seed != factor.sealed_seed:
            return None
        return known if (known.confirmed_at is not None) == confirmed else None

    async def start(self, account_id: UUID, sealed_seed: bytes, now: datetime) -> bool:
        known = self.memory.factors.get(account_id)
        if known is not None and known.confirmed_at is not None:
            return False
        self.memory.factors[account_id] = StoredFactor(sealed_seed, now)
        return True

    async def find(self, account_id: UUID) -> TotpFactor | None:
        known = self.memory.factors.get(account_id)
        if known is None:
            return None
        return TotpFactor(known.sealed_seed, known.confirmed_at is not None, known.last_step)

    async def confirm(
        self,
        account_id: UUID,
        factor: TotpFactor,
        step: int,
        recovery_hashes: Sequence[bytes],
        now: datetime,
    ) -> bool:
        known = self._same(account_id, factor, confirmed=False)
        if known is None:
            return False
        known.confirmed_at, known.last_step = now, step
        known.recovery_hashes = set(recovery_hashes)
        await self.forget_tries(account_id)
        self.memory.told.append("second_factor_changed")
        return True

    async def accept_step(self, account_id: UUID, factor: TotpFactor, step: int) -> bool:
        known = self._same(account_id, factor, confirmed=True)
        if known is None or known.last_step >= step:
            return False
        known.last_step = step
        await self.forget_tries(account_id)
        return True

    async def use_recovery_code(self, account_id: UUID, code_hash: bytes) -> bool:
        known = self.memory.factors.get(account_id)
        if known is None or code_hash not in known.recovery_hashes:
            return False
        known.recovery_hashes.remove(code_hash)
        await self.forget_tries(account_id)
        return True

    async def remove(self, account_id: UUID) -> bool:
        known = self.memory.factors.pop(account_id, None)
        if known is not None and known.confirmed_at is not None:
            self.memory.told.append("second_factor_changed")
        return known is not None

    async def confirmed_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        found = [
            (known.confirmed_at, account_id)
            for account_id, known in self.memory.factors.items()
            if known.confirmed_at is not None and known.confirmed_at >= moment
        ]
        return [account_id for _, account_id in sorted(found, reverse=True)[:limit]]

    async def take_try(self, account_id: UUID, now: datetime) -> datetime | None:
        tries, reset_at = self.memory.tries.get(account_id, (0, now))
        if reset_at <= now:
            tries = 0
        if tries >= MAX_TRIES:
            return reset_at
        self.memory.tries[account_id] = (tries + 1, now + LOCK_OUT)
        return None

    async def sealed_with(
        self, key_ids: Sequence[bytes], limit: int
    ) -> Sequence[tuple[UUID, bytes]]:
        found = [
            (account_id, known.sealed_seed)
            for account_id, known in self.memory.factors.items()
            if known.sealed_seed[:4] in key_ids
        ]
        return found[:limit]

    async def replace_seal(self, account_id: UUID, old: bytes, new: bytes) -> bool:
        known = self.memory.factors.get(account_id)
        if known is None or known.sealed_seed != old:
            return False
        known.sealed_seed = new
        return True

    async def sweep(self, now: datetime, limit: int) -> int:
        factors, tries = self.memory.factors, self.memory.tries
        begun = [
            account_id
            for account_id, known in factors.items()
            if known.confirmed_at is None and known.started_at <= now - UNCONFIRMED_LIFE
        ][:limit]
        over = [account_id for account_id, (_, end) in tries.items() if end <= now][:limit]
        for account_id in begun:
            del factors[account_id]
        for account_id in over:
            del tries[account_id]
        return len(begun) + len(over)

    async def forget_tries(self, account_id: UUID) -> None:
        self.memory.tries.pop(account_id, None)
