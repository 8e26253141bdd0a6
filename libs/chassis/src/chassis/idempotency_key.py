"""The client's promise that a request is the same one again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

REPLAYED = ("soko-idempotent-replayed", "1")
"""Trailing metadata of an answer that was stored before."""

_VERSION_MASK = ~(0xF << 76)
_VARIANT_MASK = ~(0x3 << 62)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """What the client's ``Idempotency-Key`` means: who repeats what.

    ``scope`` is the hex SHA-256 of actor, method and route, ``key`` the client's text and
    ``fingerprint`` the hex SHA-256 of the canonical request.
    """

    scope: str
    key: str
    fingerprint: str

    def derive_id(self, purpose: str) -> UUID:
        """Return the id of what this request creates, the same for every repetition of it.

        ``purpose`` tells apart several things that one request creates. The result is a UUIDv8
        (RFC 9562, 5.8) from SHA-256. The fingerprint is part of it, so a key that is used again
        after its row was cleaned away cannot hit what another request created.
        """
        text = "\x00".join((self.scope, self.key, self.fingerprint, purpose))
        value = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
        value = (value & _VERSION_MASK) | (0x8 << 76)
        value = (value & _VARIANT_MASK) | (0x2 << 62)
        return UUID(int=value)
