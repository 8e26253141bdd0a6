"""Verification of access tokens: JSON Web Tokens signed with Ed25519 (RFC 7519, RFC 8037).

Whoever acts on a token verifies it: the gateway to answer 401 early, and the service that owns the
data again, because it trusts nobody else with that decision.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from chassis.actor import GUEST, Actor
from chassis.errors import ServiceError, unauthenticated
from chassis.logs import get_logger

__all__ = ["GUEST", "AccessTokenVerifier", "Actor"]

ALGORITHMS = ("Ed25519",)
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the header value of RFC 9068, not a secret
SECOND_FACTOR_CLAIM = "second_factor"
"""True if the account has a second factor; absent otherwise."""
STEPPED_UP_CLAIM = "stepped_up_until"
"""Unix time, in seconds, up to which a step-up counts; absent without one."""
_CLOCK_SLACK_S = 60
_CACHE_SIZE = 4096
_MAX_TOKEN_LENGTH = 8192
_REFETCH_INTERVAL_S = 5.0
_REFRESH_INTERVAL_S = 10.0
_MAX_AGE_S = 600.0
"""Keys that nobody asked about for so long are not believed before they are asked for again."""
_log = get_logger(__name__)


class AccessTokenVerifier:
    """Turns an access token into the actor that it stands for.

    ``fetch_jwks`` returns the issuer's JSON Web Key Set as text. It is asked at the first use, when
    a token names a key that is not known (at most once in five seconds), and beside the callers
    every ten seconds, so that a retired key is forgotten. While the issuer is away its last
    known keys go on to count.
    """

    def __init__(
        self,
        fetch_jwks: Callable[[], Awaitable[str]],
        issuer: str = "soko",
        audience: str = "soko",
    ) -> None:
        self._fetch_jwks = fetch_jwks
        self._issuer = issuer
        self._audience = audience
        self._keys: KeySet | None = None
        self._key_ids: frozenset[str] = frozenset()
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None
        self._verified: OrderedDict[str, tuple[float, Actor]] = OrderedDict()

    async def verify(self, token: str) -> Actor:
        """Return the account that a token stands for.

        Raises ServiceError ``unauthenticated`` with code ``invalid_token`` or ``token_expired``,
        and what ``fetch_jwks`` raises when no key has been fetched yet.
        """
        if time.monotonic() - self._asked_at > _REFRESH_INTERVAL_S and self._keys is not None:
            await self._refresh()
        known = self._verified.get(token)
        if known is not None:
            expires_at, actor = known
            if expires_at > time.time():
                return actor
            del self._verified[token]
            raise _expired()
        if len(token) > _MAX_TOKEN_LENGTH:
            raise _invalid()
        keys = await self._keys_for(token)
        expires_at, actor = self._decode(token, keys)
        self._verified[token] = (expires_at, actor)
        if len(self._verified) > _CACHE_SIZE:
            self._verified.popitem(last=False)
        return actor

    async def _keys_for(self, token: str) -> KeySet:
        key_id = _key_id(token)
        stale = key_id not in self._key_ids
        if stale and time.monotonic() - self._fetched_at > _REFETCH_INTERVAL_S:
            await self._fetch()
        if self._keys is None or key_id not in self._key_ids:
            raise _invalid()
        return self._keys

    async def _fetch(self) -> None:
        self._asked_at = time.monotonic()
        document: KeySetSerialization = orjson.loads(await self._fetch_jwks())
        self._keys = KeySet.import_key_set(document)
        key_ids = frozenset(key.kid for key in self._keys.keys if key.kid)
        if not self._key_ids <= key_ids:
            self._verified.clear()
        self._key_ids = key_ids
        self._fetched_at = time.monotonic()

    async def _refresh(self) -> None:
        """Ask for the keys again, beside the caller unless they are too old to be believed."""
        self._asked_at = time.monotonic()
        self._refreshing = asyncio.create_task(self._fetch_quietly())
        if time.monotonic() - self._fetched_at > _MAX_AGE_S:
            await self._refreshing

    async def _fetch_quietly(self) -> None:
        try:
            await self._fetch()
        except ServiceError as error:
            _log.info("keys_not_refreshed", error=str(error))

    def _decode(self, token: str, keys: KeySet) -> tuple[float, Actor]:
        try:
            decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError, TypeError, KeyError):
            raise _invalid() from None
        claims = decoded.claims
        now = time.time()
        if decoded.header.get("typ") != TOKEN_TYPE:
            raise _invalid()
        if claims.get("iss") != self._issuer or claims.get("aud") != self._audience:
            raise _invalid()
        expires_at, not_before = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(expires_at, int) or not isinstance(not_before, int):
            raise _invalid()
        if not_before > now + _CLOCK_SLACK_S:
            raise _invalid()
        if expires_at <= now:
            raise _expired()
        subject, session, scope = claims.get("sub"), claims.get("sid"), claims.get("scope")
        if not isinstance(subject, str) or not isinstance(session, str):
            raise _invalid()
        stepped_up_until = claims.get(STEPPED_UP_CLAIM, 0)
        if not isinstance(stepped_up_until, int) or not isinstance(scope, str | None):
            raise _invalid()
        return float(expires_at), Actor(
            kind="account",
            account_id=subject,
            session_id=session,
            roles=frozenset(claims.get("roles", ())),
            memberships=dict(claims.get("sellers", {})),
            second_factor=claims.get(SECOND_FACTOR_CLAIM) is True,
            stepped_up_until=float(stepped_up_until),
            scopes=None if scope is None else frozenset(scope.split()),
        )


def _key_id(token: str) -> str:
    try:
        header = jwt_header(token)
    except ValueError:
        raise _invalid() from None
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise _invalid()
    return key_id


def jwt_header(token: str) -> dict[str, object]:
    """Return the unverified header of a compact JWT; raise ValueError for any other text."""
    head, first, rest = token.partition(".")
    if not first or rest.count(".") != 1 or not token.isascii():
        raise ValueError("not a compact JWT")
    header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    if not isinstance(header, dict):
        raise ValueError("not a compact JWT")
    return header


def _invalid() -> ServiceError:
    return unauthenticated("invalid_token", "The access token is not valid.")


def _expired() -> ServiceError:
    return unauthenticated("token_expired", "The access token has expired.")
