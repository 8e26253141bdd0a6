"""Revoke an API key."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, ApiKeys
from identity.domain.errors import ApiKeyNotFound


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """A program shall no longer act in the caller's name."""

    caller: Caller
    key_id: UUID


@dataclass(frozen=True, slots=True)
class RevokeApiKeyHandler:
    """Handles RevokeApiKey."""

    accounts: Accounts
    keys: ApiKeys
    clock: Clock

    async def handle(self, command: RevokeApiKey) -> None:
        """Revoke the key; raises SessionEnded, or ApiKeyNotFound when it is another's or over."""
        now, caller = self.clock.now(), command.caller
        await require_live(self.accounts, caller, now)
        if not await self.keys.revoke(caller.account_id, command.key_id, now):
            raise ApiKeyNotFound
