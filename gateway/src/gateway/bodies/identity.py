"""Bodies of the identity calls."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import MinLen
from pydantic import Field, StringConstraints, model_validator

from gateway.bodies.fields import Body, Country, Currency, Email, Line, Locale, absent, example
from gateway.rules import Scope

Password = Annotated[
    str,
    StringConstraints(min_length=8, max_length=128),
    Field(description="8 to 128 characters", examples=["correct horse battery"]),
]
AnyPassword = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
TotpCode = Annotated[
    str,
    Line(32),
    Field(description="Six digits of the app, or a recovery code", examples=["492039"]),
]
OpaqueToken = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
TimeZone = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$", max_length=64),
    Field(description="IANA time zone", examples=["Africa/Nairobi"]),
]
SellerRole = Literal["owner", "manager", "fulfilment", "finance", "viewer"]
PlatformRole = Literal["buyer", "operator", "moderator", "admin"]


class RegisterBody(Body):
    """A new account."""

    model_config = example(
        email="me@example.com",
        password="a long sentence",  # noqa: S106 - an example in the documents
        name="Me",
    )

    email: Email
    password: Password
    name: Annotated[str, Line(120, 1)]
    locale: Locale | None = None


class LoginBody(Body):
    """Credentials."""

    model_config = example(
        email="buyer@soko.example",
        password="a long sentence",  # noqa: S106 - an example in the documents
    )

    email: Annotated[str, Line(254, 1)]
    password: AnyPassword
    totp_code: TotpCode | None = None


class StepUpBody(Body):
    """One proof: a code, or the password."""

    model_config = example(totp_code="492039")

    totp_code: Annotated[TotpCode, MinLen(1)] | None = None
    password: AnyPassword | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> StepUpBody:
        if (self.totp_code is None) == (self.password is None):
            raise ValueError("Give either totp_code or password.")
        return self


class TotpConfirmBody(Body):
    """The first code of a new secret."""

    model_config = example(code="492039")

    code: Annotated[TotpCode, MinLen(1)]


class DeletionBody(Body):
    """Proof that it is the caller; needless after a step-up."""

    password: AnyPassword


class PasswordBody(Body):
    """The password as it is, and the new one."""

    model_config = example(
        current_password="a long sentence",  # noqa: S106 - an example in the documents
        new_password="another sentence",  # noqa: S106 - an example, too
    )

    current_password: AnyPassword
    new_password: Password


class RefreshBody(Body):
    """The refresh token to rotate."""

    refresh_token: OpaqueToken


class ProviderAnswerBody(Body):
    """What a login provider sent the browser back with."""

    code: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,2048}$")]
    state: OpaqueToken
    client_token: OpaqueToken | None = Field(
        default=None, description="As the beginning gave it; unless the cookie comes back"
    )
    iss: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        default=None, description="The `iss` parameter (RFC 9207), if the browser brought one"
    )


class ExternalLoginBody(ProviderAnswerBody):
    """What a login provider sent the browser back with, and a second factor."""

    totp_code: TotpCode | None = Field(
        default=None, description="After `totp_required`: the same call again, with the code"
    )


class MePatch(Body):
    """Changes of the caller's account; what is absent stays."""

    name: Annotated[str, Line(120, 1)] = absent()
    locale: Locale = absent()


class ApiKeyBody(Body):
    """A new API key."""

    model_config = example(
        name="Stock keeper", scopes=["catalog:read", "catalog:write"], expires_in_days=90
    )

    name: Annotated[str, Line(80, 1)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=16)] = Field(
        default=["catalog:read"], description="Only what the program needs"
    )
    expires_in_days: Annotated[int, Field(ge=1, le=366)] = 90


class SellerBody(Body):
    """A new seller."""

    model_config = example(
        name="Jua Crafts", country="KE", currency="KES", timezone="Africa/Nairobi"
    )

    name: Annotated[str, Line(120, 1)]
    country: Country
    currency: Currency
    timezone: TimeZone | None = None


class SellerPatch(Body):
    """Changes of a seller; what is absent stays."""

    name: Annotated[str, Line(120, 1)] = absent()
    timezone: TimeZone = absent()


class MemberBody(Body):
    """A member to add or change."""

    email: Email
    role: SellerRole


class RolesBody(Body):
    """The complete new set of roles; every account is a buyer besides."""

    roles: Annotated[list[PlatformRole], Field(max_length=8)]


class LocationBody(Body):
    """A place that holds stock."""

    name: Annotated[str, Line(120, 1)]
    country: Country
