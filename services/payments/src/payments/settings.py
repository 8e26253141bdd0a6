"""The payments' settings."""

from __future__ import annotations

from chassis.settings import ProcessSettings


class PaymentsSettings(ProcessSettings):
    """What a payments process reads beyond the chassis' settings."""

    sandbox_enabled: bool | None = None
    """Whether the sandbox provider is switched on; by default everywhere but in production."""
    sandbox_target: str = ""
    """Where the sandbox provider listens: ``unix:PATH`` or ``http://HOST:PORT``."""
    cash_on_delivery_enabled: bool = True

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox provider is switched on; without an address it cannot be."""
        wanted = not self.production if self.sandbox_enabled is None else self.sandbox_enabled
        return wanted and bool(self.sandbox_target)
