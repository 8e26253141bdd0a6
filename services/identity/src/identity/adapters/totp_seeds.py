"""TOTP (RFC 6238) with what every authenticator app knows: SHA-1, six digits, 30 seconds."""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from identity.adapters.vault import Vault
from identity.app.ports import NewSeed
from identity.domain.account import Account
from identity.domain.second_factor import STEP_S, TOLERATED_STEPS, TotpFactor, step_of

_SEED_BYTES = 20
"""The length of the HMAC's output, as RFC 4226 (4, R6) recommends."""
_DIGITS = 6
# HMAC needs no hash without collisions, and authenticator apps know no other.
_HASH = SHA1()  # noqa: S303 - see above  # nosec B303


class SealedTotpSeeds:
    """Makes seeds and checks codes; implements identity.app.ports.TotpSeeds."""

    def __init__(self, vault: Vault, issuer: str) -> None:
        """``issuer`` is what authenticator apps show beside the address."""
        self._vault = vault
        self._issuer = issuer

    def new(self, account: Account) -> NewSeed:
        """Return a new seed for an account."""
        seed = os.urandom(_SEED_BYTES)
        totp = TOTP(seed, _DIGITS, _HASH, STEP_S)
        return NewSeed(
            secret=base64.b32encode(seed).decode(),
            otpauth_uri=totp.get_provisioning_uri(account.email, self._issuer),
            sealed=self._vault.seal(seed, _context(account.id)),
        )

    @property
    def old_key_ids(self) -> Sequence[bytes]:
        """The keys that open seeds and no longer seal any."""
        return self._vault.old_key_ids

    def reseal(self, account_id: UUID, sealed: bytes) -> bytes:
        """Return a seed sealed with the newest key."""
        context = _context(account_id)
        return self._vault.seal(self._vault.open(sealed, context), context)

    def step_of(self, account_id: UUID, factor: TotpFactor, code: str, now: datetime) -> int | None:
        """Return the step around now whose code this is, unless one as new was taken before."""
        seed = self._vault.open(factor.sealed_seed, _context(account_id))
        hotp = HOTP(seed, _DIGITS, _HASH)
        present = step_of(now)
        matching = [
            step
            for step in range(present - TOLERATED_STEPS, present + TOLERATED_STEPS + 1)
            if hmac.compare_digest(hotp.generate(step), code.encode())
        ]
        return max((step for step in matching if step > factor.last_step), default=None)


def _context(account_id: UUID) -> bytes:
    return b"totp:" + account_id.bytes
