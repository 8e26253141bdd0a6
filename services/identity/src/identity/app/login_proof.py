"""What proves to a provider, and by its answer to us, that one client began and ends a login."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LoginProof:
    """The code verifier (RFC 7636) and the nonce (OpenID Connect Core 1.0, 3.1.2.1) of a login."""

    code_verifier: str = field(repr=False)
    nonce: str = field(repr=False)


def proof_of(client_token: str) -> LoginProof:
    """Return what follows from a client's token.

    Both are HMACs of 256 random bits, so that neither has to be stored, and the nonce, which
    travels through the browser's address bar, tells nothing of the verifier.
    """
    return LoginProof(_derived(client_token, b"code_verifier"), _derived(client_token, b"nonce"))


def _derived(client_token: str, purpose: bytes) -> str:
    digest = hmac.digest(client_token.encode(), purpose, "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
