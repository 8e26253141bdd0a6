"""An OpenID Connect issuer in miniature: everybody who comes to its page is logged in already.

After OpenID Connect Core 1.0 (authorization code flow), Discovery 1.0, RFC 7636 (it insists on
S256) and RFC 9207. ``POST /_next`` says who logs in next and what goes wrong then.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

CLIENT_ID = "soko"
CLIENT_SECRET = "of the simulator"  # noqa: S105 - opens nothing
REDIRECT_URI = "http://127.0.0.1/back/{name}"
_LIFE_S = 300


@dataclass
class Grant:
    """A code that was given out, and what it was asked for with."""

    nonce: str
    challenge: str
    redirect_uri: str
    user: Mapping[str, Any]


@dataclass
class Next:
    """Who logs in next, and what goes wrong then."""

    user: dict[str, Any] = field(default_factory=lambda: {"sub": "somebody"})
    claims: dict[str, Any] = field(default_factory=dict)
    """Members of the ID token in place of the right ones; null leaves one out."""
    signature: str = "RS256"
    """none: not signed; HS256: with the public key as the secret; RS512: right, but not what is
    agreed on; forged: by another key under the known name; rotated: by a new key that is published
    from now on."""
    profile: str = "id_token"
    """user_info: the ID token says nothing but the subject."""
    fault: str = ""
    """Of the token endpoint: hang, trickle, huge, redirect (to where all is well), error, text,
    drop, list."""
    issuer: str = ""
    """What the discovery document says, if not the truth."""
    client_auth: str = "client_secret_basic"
    """How the client must prove itself; client_secret_post is the other way."""


class OidcSimulator:
    """One issuer with one client; ``issuer`` is its address."""

    def __init__(self, issuer: str, name: str) -> None:
        self.issuer = issuer
        self.redirect_uri = REDIRECT_URI.format(name=name)
        self.next = Next()
        self._grants: dict[str, Grant] = {}
        self._access: dict[str, Mapping[str, Any]] = {}
        self._key = _new_key()
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._user_info),
                Route("/_next", self._plan, methods=["POST"]),
            ]
        )

    async def _plan(self, request: Request) -> Response:
        self.next = Next(**await request.json())
        return JSONResponse({})

    async def _discovery(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.next.issuer or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                # What it says of its algorithms must not make anybody take a weak one.
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": [self.next.client_auth],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _jwks(self, request: Request) -> Response:
        public = {**self._key.as_dict(private=False), "use": "sig"}
        strange = {"kty": "AKP", "kid": "of-tomorrow", "alg": "ML-DSA-44", "pub": "AA"}
        return JSONResponse({"keys": [strange, public]})

    async def _authorize(self, request: Request) -> Response:
        """Send the browser back with a code; whom nobody may be sent back to gets a plain error."""
        asked = request.query_params
        if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") != self.redirect_uri:
            return PlainTextResponse("unknown client or redirect_uri", 400)
        right = (
            asked.get("response_type") == "code"
            and "openid" in asked.get("scope", "").split()
            and asked.get("code_challenge_method") == "S256"
            and len(asked.get("code_challenge", "")) == 43
        )
        answer = {"state": asked.get("state", ""), "iss": self.issuer}
        if right:
            answer["code"] = secrets.token_urlsafe()
            self._grants[answer["code"]] = Grant(
                asked.get("nonce", ""), asked["code_challenge"], self.redirect_uri, self.next.user
            )
        else:
            answer["error"] = "invalid_request"
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(answer)}", 302)

    async def _token(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        if not self._is_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        if self.next.fault and "moved" not in request.query_params:
            return await self._faulty(request)
        grant = self._grants.pop(form.get("code", ""), None)
        challenge = _base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            form.get("grant_type") != "authorization_code"
            or grant is None
            or grant.redirect_uri != form.get("redirect_uri")
            or not hmac.compare_digest(grant.challenge, challenge)
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access_token = secrets.token_urlsafe()
        self._access[access_token] = grant.user
        return JSONResponse(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": _LIFE_S,
                "id_token": self._id_token(grant, access_token),
            }
        )

    def _is_client(self, request: Request, form: Mapping[str, str]) -> bool:
        header = request.headers.get("authorization", "")
        if self.next.client_auth == "client_secret_post":
            sent = (form.get("client_id"), form.get("client_secret"))
            return not header and sent == (CLIENT_ID, CLIENT_SECRET)
        return header == _basic(CLIENT_ID, CLIENT_SECRET) and "client_secret" not in form

    async def _user_info(self, request: Request) -> Response:
        user = self._access.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        return JSONResponse(
            dict(user) if user else {"error": "invalid_token"}, 200 if user else 401
        )

    async def _faulty(self, request: Request) -> Response:
        match self.next.fault:
            case "hang":
                while (await request.receive())["type"] != "http.disconnect":
                    pass
                return Response()
            case "trickle":
                return StreamingResponse(_drops(), media_type="application/json")
            case "huge":
                return StreamingResponse(_endless(), media_type="application/json")
            case "redirect":
                return RedirectResponse(f"{self.issuer}/token?moved=yes", 307)
            case "text":
                return PlainTextResponse("<html>down for maintenance</html>")
            case "list":
                return JSONResponse([])
            case "drop":
                return JSONResponse({"access_token": "without an ID token"})
            case _:
                return JSONResponse({"error": "server_error"}, 500)

    def _id_token(self, grant: Grant, access_token: str) -> str:
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "nonce": grant.nonce,
            "iat": now,
            "exp": now + _LIFE_S,
            "at_hash": _base64url(half),
            **(grant.user if self.next.profile == "id_token" else {}),
            "sub": grant.user["sub"],
            **self.next.claims,
        }
        return self._signed({key: value for key, value in claims.items() if value is not None})

    def _signed(self, claims: dict[str, Any]) -> str:
        known = {"kid": self._key.kid}
        match self.next.signature:
            case "none":
                return _compact({"alg": "none", **known}, claims, b"")
            case "HS256":
                return _compact({"alg": "HS256", **known}, claims, self._key.as_pem(private=False))
            case "rotated":
                self._key = _new_key()
                known = {"kid": self._key.kid}
        key = _new_key() if self.next.signature == "forged" else self._key
        alg = "RS512" if self.next.signature == "RS512" else "RS256"
        return jwt.encode({"alg": alg, **known}, claims, key, algorithms=[alg])


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(256):
        yield b" " * 65536


async def _drops() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.05)


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)}, private=True)


def _compact(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes) -> str:
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.digest(secret, signed.encode(), "sha256") if secret else b""
    return f"{signed}.{_base64url(signature)}"


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
