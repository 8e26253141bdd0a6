"""Identifiers: UUIDv7 in databases (RFC 9562), TypeIDs at the edge (TypeID specification 0.3).

A TypeID is a prefix, an underscore and 26 characters of Crockford's base32 in lower case: the 128
bits of the UUID with two zero bits in front.
"""

from __future__ import annotations

import os
import time
from uuid import UUID

from chassis.errors import not_found

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_SUFFIX_LENGTH = 26
_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 62


def new_id() -> UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76
    value |= (random >> _RANDOM_B_BITS & (2**_RANDOM_A_BITS - 1)) << 64
    value |= 0b10 << _RANDOM_B_BITS
    value |= random & (2**_RANDOM_B_BITS - 1)
    return UUID(int=value)


def format_id(prefix: str, value: UUID) -> str:
    """Return the TypeID of a UUID, such as ``ord_01h455vb4pex5vsknk084sn02q``."""
    number = value.int
    pairs = [_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)]
    return prefix + "_" + "".join(pairs)


def parse_id(prefix: str, text: str) -> UUID:
    """Return the UUID of a TypeID.

    Raises ServiceError ``not_found`` for any other text: a malformed id names nothing that exists.
    """
    head, separator, suffix = text.rpartition("_")
    if not separator or head != prefix or len(suffix) != _SUFFIX_LENGTH or suffix[0] > "7":
        raise not_found()
    number = 0
    try:
        for char in suffix:
            number = number << 5 | _VALUES[char]
    except KeyError:
        raise not_found() from None
    return UUID(int=number)
