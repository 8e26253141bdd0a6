"""Secrets that have to be read again, encrypted at rest: AES-256-GCM (NIST SP 800-38D).

A sealed secret is the id of its key (4 bytes), a random nonce (12 bytes), and the ciphertext with
its tag. It opens only in the context that it was sealed in, such as the account that owns it, so
that a row copied to another account is worthless.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_ID_LENGTH = 4
_NONCE_LENGTH = 12


class Vault:
    """Seals with the newest key and opens with any that it has."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """``keys`` are 32 bytes each, the newest first."""
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self.key_id = _key_id(keys[0])

    @property
    def old_key_ids(self) -> list[bytes]:
        """The ids of the keys that open and no longer seal."""
        return [each for each in self._ciphers if each != self.key_id]

    def seal(self, secret: bytes, context: bytes) -> bytes:
        """Return a secret as it may be stored."""
        nonce = os.urandom(_NONCE_LENGTH)
        sealed = self._ciphers[self.key_id].encrypt(nonce, secret, context)
        return self.key_id + nonce + sealed

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed.

        Raises KeyError when its key is not here any more, and cryptography's InvalidTag for what
        was changed or belongs to another context.
        """
        cipher = self._ciphers[sealed[:KEY_ID_LENGTH]]
        start = KEY_ID_LENGTH + _NONCE_LENGTH
        return cipher.decrypt(sealed[KEY_ID_LENGTH:start], sealed[start:], context)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"soko-vault-key\0" + key).digest()[:KEY_ID_LENGTH]
