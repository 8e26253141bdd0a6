"""Opaque, signed cursors of keyset pagination.

A cursor holds the sort key values of the last row that was given out, bound to the list's kind and
filters by an HMAC-SHA256 truncated to 128 bits: no offset, so rows that are added or removed make
neither holes nor repeats.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

import orjson

from chassis.errors import ServiceError, malformed

Key = str | int | None
_MAC_LENGTH = 16
_MAX_LENGTH = 1024


class CursorCodec:
    """Makes cursors and reads back only those that it made for the same list."""

    def __init__(self, secret: str, *accepted: str) -> None:
        """Sign with a secret; cursors that others signed, a former secret, are good as well."""
        self._keys = [
            hashlib.sha256(b"soko-cursor\0" + each.encode()).digest()
            for each in (secret, *accepted)
        ]

    def encode(self, kind: str, filter_hash: str, keys: Sequence[Key]) -> str:
        """Return the cursor behind the row that has these sort key values."""
        body = orjson.dumps(list(keys))
        mac = _mac(self._keys[0], kind, filter_hash, body)
        return base64.urlsafe_b64encode(mac + body).rstrip(b"=").decode()

    def decode(self, kind: str, filter_hash: str, cursor: str) -> list[Key]:
        """Return the sort key values of a cursor.

        Raises ServiceError ``malformed`` (``invalid_cursor``) for one that was forged, cut or made
        for another list or other filters.
        """
        if len(cursor) > _MAX_LENGTH or not cursor.isascii():
            raise _invalid()
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise _invalid() from None
        mac, body = raw[:_MAC_LENGTH], raw[_MAC_LENGTH:]
        wanted = (_mac(key, kind, filter_hash, body) for key in self._keys)
        if not any(hmac.compare_digest(mac, each) for each in wanted):
            raise _invalid()
        keys: list[Key] = orjson.loads(body)
        return keys


def filter_hash(*parts: object) -> str:
    """Return a short hash of a list's filters, to bind its cursors to them."""
    return hashlib.sha256(orjson.dumps(parts, default=str)).hexdigest()[:16]


def _mac(key: bytes, kind: str, filter_hash: str, body: bytes) -> bytes:
    message = b"\0".join((kind.encode(), filter_hash.encode(), body))
    return hmac.digest(key, message, "sha256")[:_MAC_LENGTH]


def _invalid() -> ServiceError:
    return malformed("invalid_cursor", "The cursor is not one of this list.")
