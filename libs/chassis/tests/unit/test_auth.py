import asyncio
import time
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis.auth import AccessTokenVerifier
from chassis.errors import ServiceError, unavailable

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
    def __init__(self, *keys: OKPKey) -> None:
        self.keys = keys or (KEY,)
        self.fetched = 0
        self.away = False

    async def jwks(self) -> str:
        self.fetched += 1
        if self.away:
            raise unavailable("identity")
        return orjson.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).decode()


class Monotonic:
    """A clock that goes on when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("chassis.auth.time.monotonic", lambda: self.now)


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


NEXT = OKPKey.generate_key("Ed25519", {"kid": "k2"}, auto_kid=False)


async def test_unknown_keys_are_asked_for_at_most_once_in_five_seconds() -> None:
    issuer = Issuer()
    verifier = AccessTokenVerifier(issuer.jwks)
    await verifier.verify(token())
    issuer.keys = (KEY, NEXT)
    with pytest.raises(ServiceError):
        await verifier.verify(token(NEXT, kid="k2"))
    assert issuer.fetched == 1


async def test_a_key_that_follows_is_believed_after_five_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, issuer = Monotonic(monkeypatch), Issuer()
    verifier = AccessTokenVerifier(issuer.jwks)
    await verifier.verify(token())
    issuer.keys = (KEY, NEXT)
    clock.now += 5.1
    assert (await verifier.verify(token(NEXT, kid="k2"))).account_id == "usr_1"
    assert (await verifier.verify(token())).account_id == "usr_1"


async def test_a_retired_key_is_forgotten_beside_the_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, issuer = Monotonic(monkeypatch), Issuer(KEY, NEXT)
    verifier = AccessTokenVerifier(issuer.jwks)
    old, new = token(), token(NEXT, kid="k2")
    for text in (old, new):
        await verifier.verify(text)
    issuer.keys = (NEXT,)
    clock.now += 10.1
    await verifier.verify(old)
    await asyncio.sleep(0)
    for text in (old, token()):
        with pytest.raises(ServiceError) as raised:
            await verifier.verify(text)
        assert raised.value.code == "invalid_token"
    await verifier.verify(new)
    assert issuer.fetched == 2


async def test_keys_that_nobody_asked_about_for_long_are_asked_for_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, issuer = Monotonic(monkeypatch), Issuer(KEY, NEXT)
    verifier = AccessTokenVerifier(issuer.jwks)
    await verifier.verify(token())
    issuer.keys = (NEXT,)
    clock.now += 601
    with pytest.raises(ServiceError):
        await verifier.verify(token())


async def test_the_last_known_keys_count_while_the_issuer_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, issuer = Monotonic(monkeypatch), Issuer()
    verifier = AccessTokenVerifier(issuer.jwks)
    await verifier.verify(token())
    issuer.away = True
    for _ in range(3):
        clock.now += 601
        assert (await verifier.verify(token())).account_id == "usr_1"
