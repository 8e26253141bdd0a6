"""Which providers people may log in with, as an operator says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

GOOGLE = "google"
GOOGLE_ISSUER = "https://accounts.google.com"
"""https://developers.google.com/identity/openid-connect/openid-connect"""
PLACEHOLDER = "{provider}"
_SPACE = re.compile(r"\s")


class ProviderSettings(BaseModel):
    """One issuer of identities."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    """Its name in addresses; do not change it later."""
    title: str = Field(default="", max_length=60)
    issuer: str = Field(max_length=500)
    client_id: str = Field(min_length=1, max_length=500)
    client_secret: SecretStr = Field(min_length=1)
    redirect_uri: str = ""
    scopes: str = Field(default="openid email profile", pattern=r"^openid( [\x21-\x7e]+)*$")


_PROVIDERS = TypeAdapter(list[ProviderSettings])


def providers_of(
    document: str, google: tuple[str, str], redirect_uri: str, *, production: bool
) -> Sequence[ProviderSettings]:
    """Return the providers that the settings switch on, complete and with nothing doubled.

    ``document`` is a JSON list, ``google`` the id and secret of Google's client, ``redirect_uri``
    where browsers come back to unless a provider has an address of its own. Raises ValueError with
    all mistakes, never with a secret.
    """
    found = [_completed(each, redirect_uri) for each in [*_google(*google), *_listed(document)]]
    mistakes = [mistake for each in found for mistake in _mistakes(each, production=production)]
    for what in ("name", "issuer", "redirect_uri"):
        values = [getattr(each, what) for each in found]
        mistakes += [
            f"two login providers have the {what} {value}" for value in _doubled(values) if value
        ]
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return found


def _google(client_id: str, client_secret: str) -> Sequence[ProviderSettings]:
    if not client_id and not client_secret:
        return []
    if not client_id or not client_secret:
        raise ValueError(
            "Google needs both SOKO_OAUTH_GOOGLE_CLIENT_ID and SOKO_OAUTH_GOOGLE_CLIENT_SECRET"
        )
    return [
        ProviderSettings(
            name=GOOGLE,
            title="Google",
            issuer=GOOGLE_ISSUER,
            client_id=client_id,
            client_secret=SecretStr(client_secret),
        )
    ]


def _listed(document: str) -> Sequence[ProviderSettings]:
    try:
        return _PROVIDERS.validate_json(document) if document.strip() else []
    except ValidationError as error:
        mistakes = [
            f"{'.'.join(str(part) for part in each['loc']) or 'it'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise ValueError(f"SOKO_OAUTH_PROVIDERS: {'; '.join(mistakes)}") from None


def _completed(provider: ProviderSettings, redirect_uri: str) -> ProviderSettings:
    own = provider.redirect_uri or redirect_uri.replace(PLACEHOLDER, provider.name)
    return provider.model_copy(
        update={"redirect_uri": own, "title": provider.title or provider.name.title()}
    )


def _mistakes(provider: ProviderSettings, *, production: bool) -> Iterable[str]:
    if not provider.redirect_uri:
        yield f"the login provider {provider.name} needs SOKO_OAUTH_REDIRECT_URI"
    for what in ("issuer", "redirect_uri"):
        address = getattr(provider, what)
        if address and not _is_address(address, https_only=production):
            kind = "an https address" if production else "an address"
            yield f"the {what} of {provider.name} must be {kind} without fragment"
    if urlsplit(provider.issuer).query:
        yield f"the issuer of {provider.name} must have no query"


def _is_address(text: str, *, https_only: bool) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    schemes = {"https"} if https_only else {"https", "http"}
    return (
        parts.scheme in schemes
        and bool(parts.hostname)
        and not parts.fragment
        and "@" not in parts.netloc
        and not _SPACE.search(text)
    )


def _doubled(values: Sequence[str]) -> Sequence[str]:
    return sorted({value for value in values if values.count(value) > 1})
