"""What identity reads from its environment."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from chassis.settings import ProcessSettings
from identity.oauth_settings import ProviderSettings, providers_of

_SEED_BYTES = 32


class StoreSettings(ProcessSettings):
    """What a command that only talks to the database needs."""

    database_url: str = Field(min_length=1)


class IdentitySettings(StoreSettings):
    """What the serving process needs."""

    token_signing_key: SecretStr = Field(description="Base64 of a 32-byte Ed25519 seed.")
    encryption_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Base64 of 32-byte AES keys, separated by commas; the first one encrypts. "
        "One that is derived from the signing key opens, too, and encrypts if there is no other.",
    )
    default_locale: str = Field(default="en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")

    oauth_redirect_uri: str = ""
    """The page of the shop that browsers come back to from a login provider; ``{provider}`` in it
    stands for the provider's name."""
    oauth_google_client_id: str = ""
    """Switches logins with Google on."""
    oauth_google_client_secret: SecretStr = SecretStr("")
    oauth_providers: SecretStr = SecretStr("")
    """Further OpenID Connect issuers: a JSON list of ProviderSettings."""

    @field_validator("token_signing_key")
    @classmethod
    def _is_seed(cls, value: SecretStr) -> SecretStr:
        seed_of(value.get_secret_value())
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        _keys_of(value)
        return value

    @property
    def vault_keys(self) -> list[bytes]:
        """The keys of what is encrypted at rest, the newest first."""
        return [*_keys_of(self.encryption_keys), _derived(self.signing_seed)]

    @model_validator(mode="after")
    def _providers_are_complete(self) -> Self:
        # Said here because a mistake must end the start, and not the first login.
        _ = self.login_providers
        return self

    @property
    def login_providers(self) -> Sequence[ProviderSettings]:
        """The login providers that are switched on."""
        return providers_of(
            self.oauth_providers.get_secret_value(),
            (self.oauth_google_client_id, self.oauth_google_client_secret.get_secret_value()),
            self.oauth_redirect_uri,
            production=self.production,
        )

    @property
    def signing_seed(self) -> bytes:
        """The Ed25519 seed."""
        return seed_of(self.token_signing_key.get_secret_value())


def _keys_of(value: SecretStr) -> list[bytes]:
    return [seed_of(text) for text in value.get_secret_value().split(",") if text]


def _derived(seed: bytes) -> bytes:
    # Imported late: commands that encrypt nothing need not wait for it.
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=b"soko identity vault").derive(seed)


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
