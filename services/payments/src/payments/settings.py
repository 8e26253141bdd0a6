"""The payments' settings."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import ProcessSettings

_MPESA_SECRETS = ("consumer_secret", "passkey", "initiator", "security_credential", "short_code")


class PaymentsSettings(ProcessSettings):
    """What a payments process reads beyond the chassis' settings."""

    sandbox_enabled: bool | None = None
    """Whether the sandbox provider is switched on; by default everywhere but in production."""
    sandbox_target: str = ""
    """Where the sandbox provider listens: ``unix:PATH`` or ``http://HOST:PORT``."""
    cash_on_delivery_enabled: bool = True
    commission_bps: int = Field(default=1000, ge=0, le=10_000)
    """Commission where no rule says otherwise, in basis points of what a seller earns."""
    commission_tax_bps: int = Field(default=0, ge=0, le=10_000)
    """Tax on that commission, in basis points of the commission."""
    earnings_hold_s: int = Field(default=7 * 24 * 3600, ge=0)
    """How long after its delivery a seller order's money may be paid out."""
    cash_on_delivery_countries: str = ""
    """Where cash is taken at the door, such as ``KE,UG``; everywhere by default."""

    public_url: str = "http://127.0.0.1:8000"
    """Soko's address for buyers and providers."""

    stripe_secret_key: SecretStr = SecretStr("")
    """Switches Stripe on."""
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_capture: Literal["manual", "automatic"] = "manual"
    stripe_currencies: str = ""
    """Those that the account takes, such as ``EUR,USD``; by default all that Stripe does."""
    stripe_return_url: str = ""
    """Where buyers come back to after 3-D Secure; by default ``public_url``."""
    stripe_api_base: str = "https://api.stripe.com"

    mpesa_consumer_key: SecretStr = SecretStr("")
    """Switches M-Pesa on."""
    mpesa_consumer_secret: SecretStr = SecretStr("")
    mpesa_short_code: str = ""
    mpesa_passkey: SecretStr = SecretStr("")
    mpesa_initiator: str = ""
    """The user of the organization's portal who may reverse payments."""
    mpesa_security_credential: SecretStr = SecretStr("")
    """That user's password, encrypted with Safaricom's certificate."""
    mpesa_api_base: str = "https://api.safaricom.co.ke"

    @model_validator(mode="after")
    def _providers_are_complete(self) -> Self:
        if self.stripe_secret_key.get_secret_value() and not (
            self.stripe_webhook_secret.get_secret_value()
        ):
            raise ValueError("Stripe needs SOKO_STRIPE_WEBHOOK_SECRET too")
        if self.mpesa_consumer_key.get_secret_value():
            missing = [name for name in _MPESA_SECRETS if not _text(self, f"mpesa_{name}")]
            if missing:
                names = ", ".join(f"SOKO_MPESA_{name.upper()}" for name in missing)
                raise ValueError(f"M-Pesa needs {names} too")
        return self

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox provider is switched on; without an address it cannot be."""
        wanted = not self.production if self.sandbox_enabled is None else self.sandbox_enabled
        return wanted and bool(self.sandbox_target)


def listed(text: str) -> frozenset[str]:
    """Return the codes of a list such as ``KE,UG``."""
    return frozenset(code.strip().upper() for code in text.split(",") if code.strip())


def _text(settings: PaymentsSettings, name: str) -> str:
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
