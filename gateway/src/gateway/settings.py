"""The gateway's variables, read once at the start and frozen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from chassis.settings import ProcessSettings
from gateway.client_address import networks
from gateway.cors import origins
from gateway.quotas import Limits, limits_of


class GatewaySettings(ProcessSettings):
    """What the gateway reads besides what every process reads."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=0, le=65535)
    http_workers: int = Field(default_factory=lambda: min(4, os.cpu_count() or 1), ge=1, le=64)
    catalog_target: str = ""
    orders_target: str = ""
    payments_target: str = ""
    notifications_target: str = ""
    sandbox_enabled: bool = False
    public_url: str = ""
    demo: bool = Field(default=False, description="Whether the front page shows the demo logins.")
    demo_password: SecretStr = SecretStr("soko-demo-password")
    cache_max_bytes: int = Field(default=48 * 1024 * 1024, ge=0)
    drain_s: int = Field(default=8, ge=0, le=300, description="How long open requests may go on.")
    cors_origins: str = Field(
        default="", description="Origins whose pages may call the API, with commas."
    )
    cors_credentials: bool = False
    connections_per_address: int = Field(
        default=1000, ge=0, description="In each process; 0 for any number. Proxies are exempt."
    )
    websocket_origins: str = Field(
        default="",
        description="Origins that may open WebSockets, with commas; empty for those of CORS and "
        "our own, or any where there are none.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Networks (CIDR) of proxies whose header is believed, with commas.",
    )
    proxy_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    rate_limits: str = Field(
        default="",
        description="What differs from the defaults: class=per address:per account; or off.",
    )
    redis_url: SecretStr = SecretStr("")
    access_log: Literal["all", "uncached", "off"] = "uncached"

    @property
    def limits(self) -> Mapping[str, Limits]:
        """The quotas per class of operation."""
        return limits_of(self.rate_limits, production=self.production)

    @property
    def socket_origins(self) -> frozenset[str]:
        """The origins that may open WebSockets; any may where there are none."""
        if self.websocket_origins or not self.cors_origins:
            return origins(self.websocket_origins)
        return origins(self.cors_origins) | {self.public_url.rstrip("/")}

    @field_validator("cors_origins", "websocket_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        origins(text)
        return text

    @field_validator("rate_limits")
    @classmethod
    def _are_limits(cls, text: str) -> str:
        limits_of(text, production=True)
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        networks(text)
        return text
