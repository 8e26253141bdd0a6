"""The payments' settings."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import ProcessSettings


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

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox provider is switched on; without an address it cannot be."""
        wanted = not self.production if self.sandbox_enabled is None else self.sandbox_enabled
        return wanted and bool(self.sandbox_target)
