"""Who calls: bearer tokens and API keys, and those that are refused before they expire."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from chassis.actor import GUEST, Actor
from chassis.auth import AccessTokenVerifier
from chassis.errors import malformed, unauthenticated
from gateway.api_keys import ID_PREFIX, ApiKeys, invalid_api_key

ACCESS_TOKEN_LIFE_S = 600
_SLACK_S = 60
_MAX_REMEMBERED = 100_000


class RecentIds:
    """Ids that matter until every access token of this moment has expired."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, found: str) -> None:
        """Remember an id."""
        if not found:
            return
        self._until[found] = time.monotonic() + ACCESS_TOKEN_LIFE_S + _SLACK_S
        self._until.move_to_end(found)
        self._forget_expired()

    def add_all(self, found: Iterable[str]) -> None:
        """Remember several ids."""
        for each in found:
            self.add(each)

    def discard(self, found: str) -> None:
        """Forget an id at once."""
        self._until.pop(found, None)

    def __contains__(self, found: str) -> bool:
        return found in self._until

    def _forget_expired(self) -> None:
        now = time.monotonic()
        while self._until:
            found, until = next(iter(self._until.items()))
            if until > now and len(self._until) <= _MAX_REMEMBERED:
                return
            del self._until[found]


class RevokedSessions(RecentIds):
    """Sessions and API keys that ended while access tokens of theirs may be unexpired."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Callable[[str], None]] = []

    def add(self, found: str) -> None:
        """Refuse a session's access tokens until the last of them has expired."""
        super().add(found)
        for listener in self._listeners:
            listener(found)

    def on_revoked(self, listener: Callable[[str], None]) -> None:
        """Call a function with every session that is revoked from now on."""
        self._listeners.append(listener)


class SecuredAccounts(RecentIds):
    """Accounts that set a second factor while older access tokens of theirs say nothing of it."""


class Authenticator:
    """Tells who a request comes from."""

    def __init__(
        self,
        fetch_jwks: Callable[[], Awaitable[str]],
        revoked: RevokedSessions,
        secured: SecuredAccounts,
        api_keys: ApiKeys,
    ) -> None:
        self._verifier = AccessTokenVerifier(fetch_jwks)
        self._api_keys = api_keys
        self.revoked = revoked
        self._secured = secured

    async def caller_of(self, authorization: str, api_key: str) -> tuple[Actor, str]:
        """Return the caller and what services are shown for it; a guest without credentials.

        Services are shown a key's access token in its stead. Raises ServiceError
        ``unauthenticated`` for credentials that are not valid, ``malformed`` for two kinds of them,
        and ``unavailable`` while identity is away and what has to be asked is not known yet.
        """
        if api_key:
            if authorization:
                raise malformed("invalid_header", "Send Authorization or X-API-Key, not both.")
            token = await self._api_keys.token_of(api_key)
            return await self._actor_of(token), f"Bearer {token}"
        if not authorization:
            return GUEST, ""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise unauthenticated("invalid_token", "Send Authorization: Bearer <access token>.")
        return await self._actor_of(token), authorization

    async def _actor_of(self, token: str) -> Actor:
        actor = await self._verifier.verify(token)
        if actor.session_id in self.revoked:
            if actor.session_id.startswith(ID_PREFIX):
                raise invalid_api_key()
            raise unauthenticated("session_revoked", "The session has ended.")
        if actor.account_id in self._secured and not actor.session_id.startswith(ID_PREFIX):
            return replace(actor, second_factor=True)
        return actor
