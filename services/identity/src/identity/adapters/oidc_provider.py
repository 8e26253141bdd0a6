"""Issuers that speak OpenID Connect (Core 1.0, Discovery 1.0): authorization code with PKCE.

authlib makes the requests and judges the claims, joserfc the signatures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from chassis.auth import jwt_header
from chassis.errors import ServiceError, unavailable
from chassis.logs import get_logger
from identity.adapters.bounded_http import Answer, BoundedHttp
from identity.app.login_proof import LoginProof
from identity.domain.errors import OauthFailed
from identity.domain.external_identity import Person
from identity.oauth_settings import ProviderSettings

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
"""What an ID token may be signed with, whatever the issuer's documents or the token say."""
_CLOCK_SLACK_S = 60
_FRESH_S = 3600.0
"""How long an issuer's documents are believed: a key that it withdrew is good for no longer."""
_KEYS_INTERVAL_S = 10.0
"""How often an unknown key makes us look again."""
_MAX_SUBJECT = 255
_MAX_TEXT = 1024
_AWAY = 5
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str
    user_info: str
    client_auth: str
    read_at: float


@dataclass(frozen=True, slots=True)
class _Keys:
    keys: KeySet
    read_at: float


class OidcProvider:
    """One issuer; implements identity.app.external_login_ports.LoginProvider."""

    def __init__(self, settings: ProviderSettings, *, https_only: bool) -> None:
        self.name = settings.name
        self.title = settings.title
        self.issuer = settings.issuer
        self._settings = settings
        self._http = BoundedHttp(settings.name)
        self._https_only = https_only
        self._endpoints: _Endpoints | None = None
        self._keys: _Keys | None = None
        self._reading = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def connect(self) -> None:
        """Read the issuer's discovery document, unless that was done within the last hour."""
        await self._known_endpoints()

    async def authorization_url(self, state: str, proof: LoginProof) -> str:
        """Return the page to send a browser to."""
        endpoints = await self._known_endpoints()
        url: str = prepare_grant_uri(
            endpoints.authorization,
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=self._settings.redirect_uri,
            scope=self._settings.scopes,
            state=state,
            nonce=proof.nonce,
            code_challenge=create_s256_code_challenge(proof.code_verifier),
            code_challenge_method="S256",
        )
        return url

    async def person(self, code: str, proof: LoginProof, now: datetime) -> Person:
        """Exchange a code for whom it stands for; raises OauthFailed."""
        endpoints = await self._known_endpoints()
        tokens = await self._exchange(endpoints, code, proof)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise self._refused("no ID token")
        access_token = tokens.get("access_token")
        access_token = access_token if isinstance(access_token, str) else ""
        claims = await self._verified(id_token, access_token, proof.nonce, now)
        person = self._person_of(claims)
        if not person.email and endpoints.user_info and access_token:
            return await self._with_user_info(endpoints, person, access_token)
        return person

    async def _exchange(
        self, endpoints: _Endpoints, code: str, proof: LoginProof
    ) -> Mapping[str, Any]:
        form = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self._settings.redirect_uri,
            code_verifier=proof.code_verifier,
        )
        credentials = ClientAuth(
            self._settings.client_id,
            self._settings.client_secret.get_secret_value(),
            endpoints.client_auth,
        )
        _, headers, form = credentials.prepare("POST", endpoints.token, {}, form)
        answer = await self._http.post_form(endpoints.token, headers, form)
        if answer.status != 200:
            raise self._no_tokens(answer)
        return answer.document

    def _no_tokens(self, answer: Answer) -> Exception:
        """Return what a refusal (RFC 6749, 5.2) means: the code is bad, or our settings are."""
        error = str(answer.document.get("error", ""))[:64]
        if error == "invalid_grant":
            return self._refused(error)
        _log.error("oauth_client_refused", provider=self.name, status=answer.status, error=error)
        return unavailable(self.name, _AWAY)

    async def _verified(
        self, id_token: str, access_token: str, nonce: str, now: datetime
    ) -> CodeIDToken:
        """Return an ID token's claims after every check of OpenID Connect Core 1.0, 3.1.3.7."""
        try:
            key_id = jwt_header(id_token).get("kid")
            keys = await self._known_keys(key_id if isinstance(key_id, str) else "")
            registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
            token = jwt.decode(id_token, keys, registry=registry)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._settings.client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self._settings.client_id,
                    "access_token": access_token,
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=_CLOCK_SLACK_S)
        except ServiceError:
            raise
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise self._refused(f"{type(error).__name__}: {error}") from None
        return claims

    def _person_of(self, claims: Mapping[str, Any]) -> Person:
        subject = claims.get("sub")
        if (
            not isinstance(subject, str)
            or not 0 < len(subject) <= _MAX_SUBJECT
            or not subject.isprintable()
        ):
            raise self._refused("no usable subject")
        return _with_profile(Person(subject), claims)

    async def _with_user_info(
        self, endpoints: _Endpoints, person: Person, access_token: str
    ) -> Person:
        """Ask for the address where the ID token has none (OpenID Connect Core 1.0, 5.3)."""
        headers = {"Authorization": f"Bearer {access_token}"}
        answer = await self._http.get(endpoints.user_info, headers)
        if answer.status != 200 or answer.document.get("sub") != person.subject:
            raise self._refused("user info of somebody else")
        return _with_profile(person, answer.document)

    async def _known_endpoints(self) -> _Endpoints:
        async with self._reading:
            known = self._endpoints
            if known is None or time.monotonic() - known.read_at > _FRESH_S:
                known = self._endpoints = await self._read_endpoints()
            return known

    async def _read_endpoints(self) -> _Endpoints:
        url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        answer = await self._http.get(url)
        found = answer.document
        if answer.status != 200 or found.get("issuer") != self.issuer:
            raise self._misconfigured(url, "it does not describe this issuer")
        methods = found.get("token_endpoint_auth_methods_supported")
        by_form = isinstance(methods, list) and "client_secret_basic" not in methods
        return _Endpoints(
            self._address(found, "authorization_endpoint"),
            self._address(found, "token_endpoint"),
            self._address(found, "jwks_uri"),
            self._address(found, "userinfo_endpoint") if "userinfo_endpoint" in found else "",
            "client_secret_post" if by_form else "client_secret_basic",
            time.monotonic(),
        )

    def _address(self, found: Mapping[str, Any], member: str) -> str:
        address = found.get(member)
        allowed = ("https://",) if self._https_only else ("https://", "http://")
        if not isinstance(address, str) or not address.startswith(allowed):
            raise self._misconfigured(member, "it is no address that may be used")
        return address

    async def _known_keys(self, key_id: str) -> KeySet:
        endpoints = await self._known_endpoints()
        async with self._reading:
            known = self._keys
            age_s = time.monotonic() - known.read_at if known else _FRESH_S
            missing = known is None or (
                bool(key_id) and all(key.kid != key_id for key in known.keys)
            )
            if known is None or age_s > _FRESH_S or (missing and age_s > _KEYS_INTERVAL_S):
                answer = await self._http.get(endpoints.keys)
                known = self._keys = _Keys(self._public_keys(answer), time.monotonic())
            return known.keys

    def _public_keys(self, answer: Answer) -> KeySet:
        listed = answer.document.get("keys")
        keys = listed if answer.status == 200 and isinstance(listed, list) else []
        usable = [key for key in keys if isinstance(key, dict) and key.get("kty") != "oct"]
        try:
            return KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise self._misconfigured("jwks_uri", f"{type(error).__name__}: {error}") from None

    def _refused(self, why: str) -> OauthFailed:
        _log.warning("external_login_refused", provider=self.name, why=why[:200])
        return OauthFailed()

    def _misconfigured(self, what: str, why: str) -> ServiceError:
        _log.error("provider_of_no_use", provider=self.name, what=what, why=why[:200])
        return unavailable(self.name, _AWAY)


def _with_profile(person: Person, claims: Mapping[str, Any]) -> Person:
    def text(name: str) -> str:
        value = claims.get(name)
        return value[:_MAX_TEXT].replace("\0", "") if isinstance(value, str) else ""

    return replace(
        person,
        email=text("email"),
        # Some issuers send booleans as texts.
        email_verified=claims.get("email_verified") in (True, "true"),
        name=text("name"),
        locale=text("locale"),
    )
