"""API keys in memory; they keep the same promises as those on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from identity.app.ports import UsedKey
from identity.domain.api_key import MAX_KEYS, ApiKey
from identity.domain.errors import (
    SessionEnded,
    TooManyApiKeys,
)
from identity.domain.session import (
    KEPT_AFTER_END,
)
from services.identity.tests.fakes import Memory, StoredKey


class MemoryApiKeys:
    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def add(self, key: ApiKey, secret_hash: bytes) -> None:
        if key.account_id not in self.memory.accounts:
            raise SessionEnded
        if len(await self.of_account(key.account_id)) >= MAX_KEYS:
            raise TooManyApiKeys
        self.memory.keys[key.id] = StoredKey(key, secret_hash)

    async def of_account(self, account_id: UUID) -> Sequence[ApiKey]:
        stored = [known.key for known in self.memory.keys.values() if not known.revoked_at]
        own = [key for key in stored if key.account_id == account_id]
        return sorted(own, key=lambda key: key.id, reverse=True)

    async def revoke(self, account_id: UUID, key_id: UUID, now: datetime) -> bool:
        known = self.memory.keys.get(key_id)
        if known is None or known.key.account_id != account_id or known.revoked_at:
            return False
        known.revoked_at = now
        self.memory.told.append("api_key_revoked")
        return True

    async def use(self, secret_hash: bytes, now: datetime) -> UsedKey | None:
        for known in self.memory.keys.values():
            key = known.key
            if known.secret_hash != secret_hash or known.revoked_at or key.expires_at <= now:
                continue
            account = self.memory.account(key.account_id)
            if key.last_used_at is None or key.last_used_at <= now - timedelta(minutes=5):
                known.key = replace(key, last_used_at=now)
            return UsedKey(key, account) if account else None
        return None

    async def revoked_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        ended = [
            (known.revoked_at, key_id)
            for key_id, known in self.memory.keys.items()
            if known.revoked_at and known.revoked_at >= moment
        ]
        return [key_id for _, key_id in sorted(ended, reverse=True)[:limit]]

    async def sweep(self, now: datetime, limit: int) -> int:
        kept_since = now - KEPT_AFTER_END
        over = [
            key_id
            for key_id, known in self.memory.keys.items()
            if known.key.expires_at <= kept_since
            or (known.revoked_at and known.revoked_at <= kept_since)
        ]
        for key_id in over[:limit]:
            del self.memory.keys[key_id]
        return len(over[:limit])
