"""Make an API key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.ids import new_id
from identity.app.caller import Caller, require_live, require_step_up
from identity.app.opaque_token import hash_of, new_token
from identity.app.ports import Accounts, ApiKeys
from identity.domain.api_key import (
    SECRET_PREFIX,
    SHOWN_CHARACTERS,
    ApiKey,
    expiry,
    require_acceptable,
)


@dataclass(frozen=True, slots=True)
class CreateApiKey:
    """The caller lets a program act in its name."""

    caller: Caller
    name: str
    scopes: Sequence[str]
    expires_in_days: int


@dataclass(frozen=True, slots=True)
class CreateApiKeyHandler:
    """Handles CreateApiKey."""

    accounts: Accounts
    keys: ApiKeys
    clock: Clock

    async def handle(self, command: CreateApiKey) -> tuple[ApiKey, str]:
        """Return the key and its secret, which is stored nowhere.

        Raises SessionEnded, StepUpRequired, ValidationFailed or TooManyApiKeys.
        """
        now = self.clock.now()
        account = await require_live(self.accounts, command.caller, now)
        require_step_up(account, command.caller, now)
        name = command.name.strip()
        require_acceptable(name, command.scopes, command.expires_in_days)
        secret = SECRET_PREFIX + new_token().text
        key = ApiKey(
            new_id(),
            command.caller.account_id,
            name,
            secret[:SHOWN_CHARACTERS],
            tuple(sorted(set(command.scopes))),
            now,
            expiry(now, command.expires_in_days),
        )
        await self.keys.add(key, hash_of(secret))
        return key, secret
