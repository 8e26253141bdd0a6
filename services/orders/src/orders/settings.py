"""The orders' settings."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, SecretStr, field_validator

from chassis.settings import ProcessSettings
from orders.domain.outcomes import CapturePolicy
from orders.domain.webhook_signature import secret_key


class OrdersSettings(ProcessSettings):
    """What an orders process reads beyond the chassis' settings."""

    catalog_target: str = ""
    payments_target: str = ""
    payment_window_s: int = Field(
        default=1800, ge=1, le=7 * 86_400, description="How long an unpaid order lives."
    )
    reserved_units_per_cart: int = Field(
        default=1000, ge=0, description="What a cart may hold before it is paid; 0 for any number."
    )
    reserved_units_per_account: int = Field(
        default=2000, ge=0, description="What all of an account's unpaid orders may hold together."
    )
    reserved_units_per_address: int = Field(
        default=10_000, ge=0, description="What all guests' unpaid orders of one address may hold."
    )
    capture_policy: CapturePolicy = "at_confirm"
    carrier_secrets: SecretStr = Field(
        default=SecretStr(""),
        description="What carriers sign their webhooks with: name=whsec_..., with commas between.",
    )

    @field_validator("carrier_secrets")
    @classmethod
    def _check_secrets(cls, value: SecretStr) -> SecretStr:
        for secret in _by_carrier(value).values():
            secret_key(secret)
        return value

    @property
    def secrets_of_carriers(self) -> Mapping[str, str]:
        """Return carriers' secrets by their names in lower case."""
        return _by_carrier(self.carrier_secrets)


def _by_carrier(value: SecretStr) -> dict[str, str]:
    pairs = [pair for pair in value.get_secret_value().split(",") if pair.strip()]
    named = [pair.partition("=") for pair in pairs]
    if not all(name.strip() and secret.strip() for name, _, secret in named):
        raise ValueError("carriers' secrets are name=whsec_..., with commas between")
    return {name.strip().lower(): secret.strip() for name, _, secret in named}
