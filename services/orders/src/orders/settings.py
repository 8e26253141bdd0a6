"""The orders' settings."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import ProcessSettings


class OrdersSettings(ProcessSettings):
    """What an orders process reads beyond the chassis' settings."""

    catalog_target: str = ""
    payments_target: str = ""
    payment_window_s: int = Field(
        default=1800, ge=1, le=7 * 86_400, description="How long an unpaid order lives."
    )
