"""Verifying webhooks as Standard Webhooks signs them.

The specification: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
Its library reads the clock itself and brings an HTTP client; this is all that a receiver needs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from orders.domain.errors import InvalidSignature, WebhookExpired

TOLERANCE_S: Final = 300
_PREFIX: Final = "whsec_"
_MOST_SIGNATURES: Final = 10


@dataclass(frozen=True, slots=True)
class SignedBody:
    """A webhook's body and its headers webhook-id, webhook-timestamp and webhook-signature."""

    body: bytes
    webhook_id: str
    timestamp: str
    signature: str


def require_signed(signed: SignedBody, secret: str, now: datetime) -> None:
    """Raise InvalidSignature unless one of the signatures is of this secret, and WebhookExpired.

    The signature counts first: nobody learns from us what a forged time would do.
    """
    wanted = sign(signed.body, signed.webhook_id, signed.timestamp, secret)
    given = signed.signature.split(" ")[:_MOST_SIGNATURES]
    if not signed.webhook_id or not any(
        hmac.compare_digest(each.encode(), wanted.encode()) for each in given
    ):
        raise InvalidSignature
    if not signed.timestamp.isascii() or not signed.timestamp.isdigit():
        raise InvalidSignature
    if abs(now.timestamp() - int(signed.timestamp[:20])) > TOLERANCE_S:
        raise WebhookExpired


def sign(body: bytes, webhook_id: str, timestamp: str, secret: str) -> str:
    """Return ``v1,`` and the base64 of the HMAC-SHA256 of id, timestamp and body, dots between."""
    content = b".".join((webhook_id.encode(), timestamp.encode(), body))
    digest = hmac.digest(secret_key(secret), content, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def secret_key(secret: str) -> bytes:
    """Return the key of a secret, with or without ``whsec_``; raises ValueError for no base64."""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook's secret is whsec_ and base64") from error
