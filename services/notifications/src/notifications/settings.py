"""Variables of this service."""

from __future__ import annotations

from pydantic import Field, SecretStr

from chassis.settings import ProcessSettings


class Settings(ProcessSettings):
    """What notifications reads from the environment, each as ``SOKO_<NAME>``."""

    catalog_target: str = Field(default="", description="gRPC target of catalog, for audits")
    payments_target: str = Field(default="", description="gRPC target of payments, for audits")
    audit_interval_s: int = Field(
        default=3600, ge=0, le=30 * 86_400, description="From one audit to the next; 0 for none."
    )
    orders_target: str = Field(min_length=1, description="gRPC target of orders")
    smtp_url: SecretStr = Field(
        default=SecretStr("smtp://127.0.0.1:1025"),
        description="smtp://, smtp+starttls:// or smtps://[user:password@]host[:port]",
    )
    mail_from: str = Field(
        default="Soko <no-reply@soko.example>", pattern="^[^\\r\\n]*@[^\\r\\n]*$"
    )
    public_url: str = "http://127.0.0.1:8000"
    account_links_url: str = Field(
        default="",
        description="Where mailed links lead, before /reset-password and /verify-email;"
        " by default public_url with /account.",
    )
    mail_connections: int = Field(default=2, ge=1, le=50)
    mail_rate_per_s: float = Field(default=25.0, gt=0, le=10_000)
    mail_max_attempts: int = Field(default=10, ge=1, le=100)
    mail_retry_base_s: float = Field(default=5.0, gt=0, le=3600)
    realtime_retention_days: int = Field(default=7, ge=1, le=365)

    @property
    def links_url(self) -> str:
        """The address under which the shop takes mailed links."""
        return self.account_links_url or f"{self.public_url.rstrip('/')}/account"
