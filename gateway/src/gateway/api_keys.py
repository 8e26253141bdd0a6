"""API keys at the edge: exchanged for access tokens, which travel on in their stead."""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from chassis.errors import ServiceError, unauthenticated

ID_PREFIX = "key_"
"""What the session of a key's access token begins with."""
_KEY = re.compile(r"soko_[A-Za-z0-9_-]{43}")
_MAX_KNOWN = 4096
_SPARE_S = 60.0
"""A token that expires sooner is not used any more: it has a way to go."""

Exchange = Callable[[str], Awaitable[tuple[str, float]]]
"""Returns a key's access token and the seconds until it expires."""


class ApiKeys:
    """Remembers the access tokens of the keys that are in use, least recently used out first."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._tokens: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    async def token_of(self, key: str) -> str:
        """Return an access token that stands for a key.

        Raises ServiceError ``invalid_api_key``, without asking for what cannot be a key, and
        ``unavailable`` while identity is away and the key is not known yet.
        """
        if not _KEY.fullmatch(key):
            raise invalid_api_key()
        name = hashlib.sha256(key.encode()).digest()
        until, token = self._tokens.get(name, (0.0, ""))
        if until > time.monotonic():
            self._tokens.move_to_end(name)
            return token
        asked_at = time.monotonic()
        token, expires_in_s = await self._exchange(key)
        self._tokens[name] = (asked_at + expires_in_s - _SPARE_S, token)
        if len(self._tokens) > _MAX_KNOWN:
            self._tokens.popitem(last=False)
        return token


def invalid_api_key() -> ServiceError:
    """Return the error for a key that is forged, expired or revoked; which is not told."""
    return unauthenticated("invalid_api_key", "The API key is not valid.")
