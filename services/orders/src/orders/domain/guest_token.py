"""The secrets of guests: derived, never stored.

A token is ``1`` (the version of the key) and the base64url of HMAC-SHA256 over the id of the cart
or order and a generation number (RFC 2104, RFC 4648). Raising the generation ends a token; whoever
has the secret can make it again, so an answer can be rendered twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

_KEY_VERSION = "1"


class GuestTokens:
    """Makes and checks the tokens of one deployment."""

    def __init__(self, secret: str, *accepted: str) -> None:
        """Sign with a secret; tokens that others signed, a former secret, are good as well."""
        self._keys = [
            hashlib.sha256(b"soko-guest-token\0" + each.encode()).digest()
            for each in (secret, *accepted)
        ]

    def token(self, subject_id: str, generation: int) -> str:
        """Return the token of a cart or order (TypeID); generations count from 1."""
        return _token(self._keys[0], subject_id, generation)

    def proves(self, token: str, subject_id: str, generation: int) -> bool:
        """Tell, in constant time, whether a token is the one of a cart or order."""
        if generation < 1 or not token:
            return False
        given = token.encode("utf-8", "replace")
        expected = (_token(key, subject_id, generation) for key in self._keys)
        return any(hmac.compare_digest(each.encode(), given) for each in expected)


def _token(key: bytes, subject_id: str, generation: int) -> str:
    message = f"{_KEY_VERSION}\0{subject_id}\0{generation}".encode()
    mac = hmac.digest(key, message, "sha256")
    return _KEY_VERSION + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
