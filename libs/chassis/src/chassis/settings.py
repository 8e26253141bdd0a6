"""Settings of a process: environment variables, read once at the start and frozen.

Any variable may be given as ``<NAME>_FILE`` instead, with the path of a file that holds the value,
as container secrets are mounted.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.tls import TlsFiles, is_local

PREFIX = "SOKO_"
_SECRET_MIN = 32


class MigrationSettings(BaseSettings):
    """What migrations read: a job that changes tables needs no secret but the way to them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: str = Field(min_length=1)


class ProcessSettings(BaseSettings):
    """What every process reads; a service adds its own fields in a subclass."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    environment: Literal["development", "production"] = "development"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    secret: SecretStr = Field(
        min_length=_SECRET_MIN, description="Signs cursors, guests' tokens and callback addresses."
    )
    accepted_secrets: SecretStr = Field(
        default=SecretStr(""),
        description="Its former values, or the next one, with commas: what they signed is good.",
    )
    nats_url: str = "nats://127.0.0.1:4222"
    database_url: str = ""
    database_pool_max: int = Field(default=8, ge=1, le=100)
    grpc_listen: str = Field(default="", description="unix:/path or host:port")
    probe_listen: str = Field(
        default="", description="host:port where health alone is answered, in plain text."
    )
    tls_cert: Path | None = Field(default=None, description="This process's certificate chain.")
    tls_key: Path | None = Field(default=None, description="Its key.")
    tls_ca: Path | None = Field(default=None, description="The authority of all processes.")
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    metrics_host: str = Field(
        default="", description="Where the metrics' port listens; every interface by default."
    )
    default_currency: str = Field(default="KES", pattern="^[A-Z]{3}$")
    event_tries: int = Field(
        default=8, ge=1, le=100, description="How often an event is tried before it is given up."
    )
    otlp_endpoint: str = ""
    trace_sample_ratio: float = Field(default=0.01, ge=0, le=1)
    identity_target: str = ""
    drain_delay_s: int = Field(
        default=0,
        ge=0,
        le=60,
        description="How long a process that was told to end serves on, so that balancers notice.",
    )
    failpoints: Path | None = Field(
        default=None, description="A folder that tells this process where to die, for tests."
    )

    @field_validator("accepted_secrets")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if any(len(secret) < _SECRET_MIN for secret in _listed(value)):
            raise ValueError(f"each needs at least {_SECRET_MIN} characters")
        return value

    @field_validator("failpoints")
    @classmethod
    def _never_in_production(cls, folder: Path | None, info: ValidationInfo) -> Path | None:
        if folder is not None and info.data.get("environment") == "production":
            raise ValueError("production takes no failpoints")
        return folder

    @model_validator(mode="after")
    def _certified(self) -> Self:
        given = {self.tls_cert is not None, self.tls_key is not None, self.tls_ca is not None}
        if len(given) > 1:
            raise ValueError("SOKO_TLS_CERT, SOKO_TLS_KEY and SOKO_TLS_CA belong together")
        addresses = [
            self.grpc_listen,
            *(value for name, value in self if name.endswith("_target") and isinstance(value, str)),
        ]
        if self.production and self.tls is None and not all(map(is_local, addresses)):
            raise ValueError("production needs SOKO_TLS_CERT, SOKO_TLS_KEY and SOKO_TLS_CA for TCP")
        return self

    @property
    def tls(self) -> TlsFiles | None:
        """What this process shows and believes over TCP, if it has a certificate."""
        if self.tls_cert is None or self.tls_key is None or self.tls_ca is None:
            return None
        return TlsFiles(self.tls_cert, self.tls_key, self.tls_ca)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret that signs, and behind it those whose signatures are accepted too."""
        return (self.secret.get_secret_value(), *_listed(self.accepted_secrets))

    @property
    def production(self) -> bool:
        """Whether conveniences for developers are off."""
        return self.environment == "production"


def _listed(value: SecretStr) -> list[str]:
    return [text.strip() for text in value.get_secret_value().split(",") if text.strip()]


def load_file_variables(environ: Mapping[str, str] | None = None) -> None:
    """Set each variable that is given as a file and not by value.

    Raises OSError, naming the path, for a file that cannot be read.
    """
    for name, path in dict(environ or os.environ).items():
        if name.startswith(PREFIX) and name.endswith("_FILE"):
            os.environ.setdefault(name.removesuffix("_FILE"), Path(path).read_text().strip())
