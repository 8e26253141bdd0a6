"""What identity reads from its environment."""

from __future__ import annotations

import base64
import binascii

from pydantic import Field, SecretStr, field_validator

from chassis.settings import ProcessSettings

_SEED_BYTES = 32


class StoreSettings(ProcessSettings):
    """What a command that only talks to the database needs."""

    database_url: str = Field(min_length=1)


class IdentitySettings(StoreSettings):
    """What the serving process needs."""

    token_signing_key: SecretStr = Field(description="Base64 of a 32-byte Ed25519 seed.")
    default_locale: str = Field(default="en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")

    @field_validator("token_signing_key")
    @classmethod
    def _is_seed(cls, value: SecretStr) -> SecretStr:
        seed_of(value.get_secret_value())
        return value

    @property
    def signing_seed(self) -> bytes:
        """The Ed25519 seed."""
        return seed_of(self.token_signing_key.get_secret_value())


def seed_of(text: str) -> bytes:
    """Return the 32 bytes of a seed given in base64, plain or for URLs.

    Raises ValueError for any other text.
    """
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        seed = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if len(seed) != _SEED_BYTES:
        raise ValueError(f"must be the base64 of {_SEED_BYTES} bytes")
    return seed
