"""Accounts, sessions, API keys and sellers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from gateway.documents.values import Document


class SellerMembership(Document):
    """A seller that the account works for."""

    id: str
    slug: str
    name: str
    role: str = Field(description="owner, manager, fulfilment, finance, viewer")


class Account(Document):
    """An account."""

    id: str = Field(examples=["usr_01h455vb4pex5vsknk084sn02q"])
    email: str
    name: str
    locale: str = Field(examples=["sw-KE"])
    second_factor: bool = Field(description="Whether logging in takes a code")
    email_verified: bool = Field(description="Whether a mailed link proved the address")
    roles: list[str] = Field(examples=[["buyer"]])
    sellers: list[SellerMembership]


class Tokens(Document):
    """The tokens of a session."""

    access_token: str
    refresh_token: str
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="Seconds", examples=[600])


class SteppedUp(Document):
    """An access token of the same session that may do what needs a fresh proof."""

    access_token: str
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="Seconds", examples=[600])
    step_up_expires_in: int = Field(
        description="Seconds for which the proof counts", examples=[300]
    )


class TotpSecret(Document):
    """A secret for an authenticator app, shown once."""

    secret: str = Field(description="Base32, for typing it in")
    otpauth_uri: str = Field(description="The same for a QR code")


class RecoveryCodes(Document):
    """Codes that stand in for the app's, each once; shown once."""

    recovery_codes: list[str]


class Session(Document):
    """A session that is open."""

    id: str
    opened_at: datetime
    last_used_at: datetime = Field(description="When its tokens were last issued or renewed")
    user_agent: str = Field(description="What the client said of itself then")
    address: str = Field(
        description="The network that the client was in then", examples=["192.0.2.0/24"]
    )
    current: bool = Field(description="Whether this request comes from it")


class Sessions(Document):
    """A page of sessions."""

    items: list[Session]
    next_cursor: str | None


class Registered(Tokens):
    """A new account with its first session."""

    user: Account


class ApiKey(Document):
    """An API key without its secret."""

    id: str = Field(examples=["key_01h455vb4pex5vsknk084sn02q"])
    name: str
    prefix: str = Field(description="The first characters of the secret", examples=["soko_Vb4pex"])
    scopes: list[str] = Field(examples=[["catalog:read", "catalog:write"]])
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To about five minutes")


class NewApiKey(ApiKey):
    """A new API key."""

    secret: str = Field(description="What to send as `X-API-Key`; it is told this once")


class ApiKeys(Document):
    """The API keys of an account."""

    items: list[ApiKey]


class LoginProvider(Document):
    """A provider that people may log in with."""

    provider: str = Field(description="Its name in addresses", examples=["google"])
    name: str = Field(description="Its name for people", examples=["Google"])


class LoginProviders(Document):
    """The login providers that are switched on."""

    items: list[LoginProvider]


class BegunLogin(Document):
    """Where to send the browser, and what to keep meanwhile."""

    authorization_url: str
    client_token: str = Field(description="Secret of this client, to send with the callback")
    expires_in: int = Field(description="Seconds", examples=[600])


class ExternalIdentity(Document):
    """A provider's login that leads into the account."""

    provider: str = Field(examples=["google"])
    email: str | None = Field(description="As the provider told it when it was linked")
    linked_at: datetime


class ExternalIdentities(Document):
    """The providers' logins that lead into the account."""

    items: list[ExternalIdentity]


class AuditLogEntry(Document):
    """Somebody did something that matters to security, or tried to."""

    id: str = Field(examples=["aud_01h455vb4pex5vsknk084sn02q"])
    at: datetime
    act: str = Field(description="In the past tense", examples=["roles_changed"])
    outcome: str = Field(description="succeeded, failed, refused")
    actor: str = Field(
        description="Account, service or `command-line`; empty for somebody unknown",
        examples=["usr_01h455vb4pex5vsknk084sn02q"],
    )
    session: str = Field(description="Session or API key by which, if any")
    subject: str = Field(description="Id of the account or thing that it was done to")
    address: str = Field(description="IP address that it came from", examples=["192.0.2.7"])
    trace_id: str
    detail: dict[str, Any]


class AuditLog(Document):
    """A page of the audit log."""

    items: list[AuditLogEntry]
    next_cursor: str | None


class Seller(Document):
    """A seller."""

    id: str
    slug: str
    name: str
    country: str
    currency: str
    timezone: str
    status: str = Field(description="active, suspended")
    created_at: datetime


class Member(Document):
    """A member of a seller."""

    user_id: str
    email: str
    name: str
    role: str


class Members(Document):
    """The members of a seller."""

    items: list[Member]


class JsonWebKeySet(Document):
    """The keys that access tokens are verified with (RFC 7517)."""

    keys: list[dict[str, Any]]


class PersonalRecord(Document):
    """What is stored of somebody; its other members depend on its kind."""

    kind: str = Field(description="account, session, cart, order, notification, ...")
    id: str


class PersonalData(Document):
    """Everything that is stored of an account, by the service that stores it."""

    account_id: str
    exported_at: datetime
    identity: list[PersonalRecord]
    orders: list[PersonalRecord]
    notifications: list[PersonalRecord]
