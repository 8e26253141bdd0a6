"""Opaque tokens: 256 random bits for the holder, their hash for the store.

A fast hash is enough, because nobody can guess 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

_BYTES = 32


@dataclass(frozen=True, slots=True)
class OpaqueToken:
    """A token as its holder has it and as it is stored."""

    text: str = field(repr=False)
    hash: bytes


def new_token() -> OpaqueToken:
    """Return a new token: 43 characters of unpadded base64url."""
    text = secrets.token_urlsafe(_BYTES)
    return OpaqueToken(text, hash_of(text))


def hash_of(text: str) -> bytes:
    """Return the SHA-256 of what a client presents as a token."""
    return hashlib.sha256(text.encode()).digest()
