"""Access tokens: JSON Web Tokens signed with Ed25519 (RFC 7519, RFC 8037, RFC 9068)."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis.auth import ALGORITHMS, TOKEN_TYPE
from chassis.ids import format_id
from identity.domain.account import BUYER, MAX_CLAIMED_SELLERS, Account
from identity.domain.api_key import ApiKey
from identity.domain.session import ACCESS_TOKEN_LIFE

ISSUER = "soko"
AUDIENCE = "soko"
_ALGORITHM = ALGORITHMS[0]


class SignedTokens:
    """Signs access tokens; implements identity.app.ports.AccessTokens.

    The key's id is its thumbprint (RFC 7638), so that the same seed is the same key everywhere.
    """

    def __init__(self, seed: bytes) -> None:
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        self._key = OKPKey.import_key(
            {"kty": "OKP", "crv": "Ed25519", "d": _base64url(seed), "x": _base64url(public)}
        )
        self.key_id = self._key.thumbprint()
        self._header = {"alg": _ALGORITHM, "typ": TOKEN_TYPE, "kid": self.key_id}
        self.jwks_json = json.dumps(
            {
                "keys": [
                    {
                        "kty": "OKP",
                        "crv": "Ed25519",
                        "x": _base64url(public),
                        "kid": self.key_id,
                        "use": "sig",
                        "alg": _ALGORITHM,
                    }
                ]
            }
        )
        """The public keys as a JSON Web Key Set (RFC 7517)."""

    async def sign(self, account: Account, session_id: UUID, now: datetime) -> str:
        """Return an access token of the session, good for 600 seconds."""
        claims = _claims(account, now, now + ACCESS_TOKEN_LIFE)
        claims |= {"sid": format_id("ses", session_id), "roles": account.roles}
        return self._encode(claims)

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
        return self._encode(claims)

    def _encode(self, claims: dict[str, Any]) -> str:
        return jwt.encode(self._header, claims, self._key, algorithms=[_ALGORITHM])


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


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
