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

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"soko-guest-token\0" + secret.encode()).digest()

    def token(self, subject_id: str, generation: int) -> str:
        """Return the token of a cart or order (TypeID); generations count from 1."""
        message = f"{_KEY_VERSION}\0{subject_id}\0{generation}".encode()
        mac = hmac.digest(self._key, message, "sha256")
        return _KEY_VERSION + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def proves(self, token: str, subject_id: str, generation: int) -> bool:
        """Tell, in constant time, whether a token is the one of a cart or order."""
        if generation < 1 or not token:
            return False
        expected = self.token(subject_id, generation)
        return hmac.compare_digest(expected.encode(), token.encode("utf-8", "replace"))
