import time
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis.auth import AccessTokenVerifier
from chassis.errors import ServiceError

KEY = OKPKey.generate_key("Ed25519", {"kid": "k1"}, auto_kid=False)
OTHER = OKPKey.generate_key("Ed25519", {"kid": "k1"}, auto_kid=False)


def token(key: OKPKey = KEY, typ: str = "at+jwt", kid: str = "k1", **changes: Any) -> str:
    claims = {
        "iss": "soko",
        "aud": "soko",
        "sub": "usr_1",
        "sid": "ses_1",
        "roles": ["buyer"],
        "sellers": {"sel_1": "owner"},
        "exp": int(time.time()) + 600,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": "Ed25519", "typ": typ, "kid": kid}
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])


class Issuer:
    fetched = 0

    async def jwks(self) -> str:
        self.fetched += 1
        public = KEY.as_dict(private=False)
        return orjson.dumps({"keys": [public]}).decode()


async def test_a_valid_token_is_its_account_and_is_verified_once() -> None:
    issuer = Issuer()
    verifier = AccessTokenVerifier(issuer.jwks)
    text = token()
    actor = await verifier.verify(text)
    assert (actor.kind, actor.account_id, actor.session_id) == ("account", "usr_1", "ses_1")
    assert actor.memberships == {"sel_1": "owner"}
    assert await verifier.verify(text) is actor
    assert issuer.fetched == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (token(OTHER), "invalid_token"),
        (token(iss="other"), "invalid_token"),
        (token(aud="other"), "invalid_token"),
        (token(typ="JWT"), "invalid_token"),
        (token(kid="unknown"), "invalid_token"),
        (token(sub=None), "invalid_token"),
        (token(exp=None), "invalid_token"),
        (token(exp=int(time.time()) - 1), "token_expired"),
        (token(nbf=int(time.time()) + 3600), "invalid_token"),
        (token(stepped_up_until="9999999999"), "invalid_token"),
        (token(scope=["orders:read"]), "invalid_token"),
        (token()[:-4], "invalid_token"),
        ("", "invalid_token"),
        ("a.b.c", "invalid_token"),
        ("eyJhbGciOiJub25lIn0.e30.", "invalid_token"),
        ("x" * 10_000, "invalid_token"),
        ("\N{SNOWMAN}.a.b", "invalid_token"),
    ],
)
async def test_any_other_token_is_refused(text: str, code: str) -> None:
    verifier = AccessTokenVerifier(Issuer().jwks)
    with pytest.raises(ServiceError) as raised:
        await verifier.verify(text)
    assert (raised.value.kind, raised.value.code) == ("unauthenticated", code)


@pytest.mark.parametrize(
    ("claims", "may"),
    [
        ({}, True),
        ({"second_factor": True}, False),
        ({"second_factor": True, "stepped_up_until": int(time.time()) - 1}, False),
        ({"second_factor": True, "stepped_up_until": int(time.time()) + 300}, True),
    ],
)
async def test_an_account_with_a_second_factor_has_to_step_up(
    claims: dict[str, Any], may: bool
) -> None:
    actor = await AccessTokenVerifier(Issuer().jwks).verify(token(**claims))
    if may:
        actor.require_step_up()
    else:
        with pytest.raises(ServiceError) as raised:
            actor.require_step_up()
        assert (raised.value.kind, raised.value.code) == ("forbidden", "step_up_required")


@pytest.mark.parametrize(
    ("claims", "may"),
    [
        ({}, True),
        ({"scope": ""}, False),
        ({"scope": "orders:write"}, False),
        ({"scope": "orders:write orders:read"}, True),
    ],
)
async def test_a_token_with_scopes_does_what_they_say(claims: dict[str, Any], may: bool) -> None:
    actor = await AccessTokenVerifier(Issuer().jwks).verify(token(**claims))
    if may:
        actor.require_scope("orders:read")
    else:
        with pytest.raises(ServiceError) as raised:
            actor.require_scope("orders:read")
        assert (raised.value.kind, raised.value.code) == ("forbidden", "insufficient_scope")
    if actor.scopes is not None:
        with pytest.raises(ServiceError):
            actor.require_scope("")
