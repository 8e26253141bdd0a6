"""Exchange an API key for an access token, so that no service has to know of keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from chassis.clock import Clock
from identity.app.opaque_token import hash_of
from identity.app.ports import AccessTokens, ApiKeys
from identity.domain.errors import InvalidApiKey
from identity.domain.session import ACCESS_TOKEN_LIFE


@dataclass(frozen=True, slots=True)
class ExchangeApiKey:
    """A program presents its key."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyToken:
    """An access token that does what its key may."""

    text: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class ExchangeApiKeyHandler:
    """Handles ExchangeApiKey."""

    keys: ApiKeys
    tokens: AccessTokens
    clock: Clock

    async def handle(self, command: ExchangeApiKey) -> KeyToken:
        """Return a token that outlives neither the key nor a session's token.

        It has the account's memberships but none of its platform roles: a key never acts as
        operator, moderator or admin. Raises InvalidApiKey.
        """
        now = self.clock.now()
        used = await self.keys.use(hash_of(command.secret), now)
        if used is None:
            raise InvalidApiKey
        expires_at: datetime = min(now + ACCESS_TOKEN_LIFE, used.key.expires_at)
        token = await self.tokens.sign_for_key(used.account, used.key, now, expires_at)
        return KeyToken(token, int((expires_at - now).total_seconds()))
