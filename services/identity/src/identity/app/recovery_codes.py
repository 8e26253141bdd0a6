"""Recovery codes: 80 random bits each for the holder, their hash for the store.

A fast hash is enough, because nobody can guess 80 random bits five tries at a time.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from identity.app.opaque_token import hash_of
from identity.domain.second_factor import RECOVERY_CODES, plain_code

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32: nothing that is read as something else."""
_GROUPS = 4
_GROUP_LENGTH = 4


def new_recovery_codes() -> Sequence[str]:
    """Return new codes, such as ``k3m9-0xqv-7hwt-2dpa``."""
    return [_new_code() for _ in range(RECOVERY_CODES)]


def hash_of_code(text: str) -> bytes:
    """Return what a recovery code is stored and found by, however it was typed."""
    return hash_of(plain_code(text))


def _new_code() -> str:
    return "-".join(
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS)
    )
