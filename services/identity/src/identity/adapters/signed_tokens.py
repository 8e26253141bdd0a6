"""Access tokens: JSON Web Tokens signed with Ed25519 (RFC 7519, RFC 8037, RFC 9068)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from joserfc import jwt

from chassis.auth import ALGORITHMS, SECOND_FACTOR_CLAIM, STEPPED_UP_CLAIM, TOKEN_TYPE
from chassis.ids import format_id
from identity.adapters.keyring import Keyring
from identity.domain.account import BUYER, MAX_CLAIMED_SELLERS, Account
from identity.domain.api_key import ApiKey
from identity.domain.session import ACCESS_TOKEN_LIFE

ISSUER = "soko"
AUDIENCE = "soko"
_ALGORITHM = ALGORITHMS[0]


class SignedTokens:
    """Signs access tokens; implements identity.app.ports.AccessTokens."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def sign(
        self,
        account: Account,
        session_id: UUID,
        now: datetime,
        stepped_up_until: datetime | None = None,
    ) -> str:
        """Return an access token of the session, good for 600 seconds."""
        claims = _claims(account, now, now + ACCESS_TOKEN_LIFE)
        claims |= {"sid": format_id("ses", session_id), "roles": account.roles}
        if account.second_factor:
            claims[SECOND_FACTOR_CLAIM] = True
        if stepped_up_until is not None:
            claims[STEPPED_UP_CLAIM] = int(stepped_up_until.timestamp())
        return await self._encode(claims, now)

    async def sign_for_key(
        self, account: Account, key: ApiKey, now: datetime, expires_at: datetime
    ) -> str:
        """Return an access token that does what an API key may, without platform roles.

        Its session is the key; the claim ``scope`` is that of RFC 8693, 4.2.
        """
        claims = _claims(account, now, expires_at)
        claims |= {
            "sid": format_id("key", key.id),
            "roles": [BUYER],
            "scope": " ".join(key.scopes),
        }
        return await self._encode(claims, now)

    async def _encode(self, claims: dict[str, Any], now: datetime) -> str:
        key = await self._keyring.signer(now)
        header = {"alg": _ALGORITHM, "typ": TOKEN_TYPE, "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[_ALGORITHM])


def _claims(account: Account, now: datetime, expires_at: datetime) -> dict[str, Any]:
    """Return what every token says.

    It names the first memberships only: a token has to fit into a header.
    """
    issued_at = int(now.timestamp())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": format_id("usr", account.id),
        "sellers": {
            format_id("sel", known.seller_id): known.role
            for known in account.memberships[:MAX_CLAIMED_SELLERS]
        },
        "iat": issued_at,
        "nbf": issued_at,
        "exp": int(expires_at.timestamp()),
    }
