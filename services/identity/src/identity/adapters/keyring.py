"""The keys that sign and verify at this moment, as the database says, at most a second late."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from chassis.auth import ALGORITHMS
from chassis.clock import Clock
from identity.adapters.vault import Vault
from identity.app.ports import SigningKeys
from identity.domain.signing_key import SigningKey, next_of, signer_of

_FRESH_S = 1.0


class Keyring:
    """Unseals the key that signs, and publishes those that tokens are verified with.

    Until the first rotation the seed of the settings is the only key. Then it is one key of the
    database, which knows its times but not its seed. Also implements identity.app.ports.KeyMaker.
    """

    def __init__(self, keys: SigningKeys, vault: Vault, seed: bytes, clock: Clock) -> None:
        self._store = keys
        self._vault = vault
        self._clock = clock
        self._seed = seed
        self._own = private_key(seed)
        self._private: dict[str, OKPKey] = {}
        self._known: Sequence[SigningKey] = ()
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def signer(self, now: datetime) -> OKPKey:
        """Return the private key that signs at a moment, with its id.

        Raises ServiceError ``unavailable`` while the database is away.
        """
        known = await self._current()
        # A clock that is behind must not lead back to a key that was given up.
        key = signer_of(known, now) or next_of(known, now)
        if key is None:
            return self._own
        if key.id not in self._private:
            self._private[key.id] = self._unsealed(key)
        return self._private[key.id]

    async def jwks_json(self) -> str:
        """Return the public keys as a JSON Web Key Set (RFC 7517).

        Raises ServiceError ``unavailable`` while the database is away: those who ask keep theirs.
        """
        now, known = self._clock.now(), await self._current()
        keys = [key for key in known if key.is_published(now)] or [self.of_settings(now)]
        return json.dumps({"keys": [_public_jwk(key) for key in keys]})

    def of_settings(self, now: datetime) -> SigningKey:
        """Return the key of the settings, which signs already."""
        return _to_signing_key(self._seed, None, now, now)

    def make(self, now: datetime, signs_from: datetime) -> SigningKey:
        """Return a new key, its seed sealed."""
        seed = os.urandom(32)
        key = _to_signing_key(seed, None, now, signs_from)
        sealed = self._vault.seal(seed, _context(key.id))
        return _to_signing_key(seed, sealed, now, signs_from)

    async def _current(self) -> Sequence[SigningKey]:
        if time.monotonic() - self._read_at > _FRESH_S:
            async with self._reading:
                if time.monotonic() - self._read_at > _FRESH_S:
                    read_at = time.monotonic()
                    self._known = await self._store.all()
                    self._read_at = read_at
        return self._known

    def _unsealed(self, key: SigningKey) -> OKPKey:
        if key.id == self._own.kid:
            return self._own
        try:
            return private_key(self._vault.open(key.sealed_seed or b"", _context(key.id)))
        except KeyError:
            raise LostKeyError(key.id) from None


class LostKeyError(Exception):
    """The settings no longer hold what a signing key's seed is, or was sealed with.

    Give it back to them, or run ``keys rotate --compromised``: a new key signs at once.
    """


def private_key(seed: bytes) -> OKPKey:
    """Return the key of a seed (RFC 8037); its id is its thumbprint (RFC 7638)."""
    members: dict[str, str | list[str]] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "d": _base64url(seed),
        "x": _base64url(_public(seed)),
    }
    return OKPKey.import_key({**members, "kid": OKPKey.import_key(members).thumbprint()})


def _to_signing_key(
    seed: bytes, sealed: bytes | None, now: datetime, signs_from: datetime
) -> SigningKey:
    return SigningKey(private_key(seed).kid or "", _public(seed), sealed, now, signs_from)


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _public_jwk(key: SigningKey) -> dict[str, Any]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _base64url(key.public),
        "kid": key.id,
        "use": "sig",
        "alg": ALGORITHMS[0],
    }


def _context(key_id: str) -> bytes:
    return b"signing-key\0" + key_id.encode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
