"""Accounts, sessions, keys and roles."""

from __future__ import annotations

from tests.e2e.marketplace import PASSWORD, unique
from tests.e2e.simulated_providers import ISSUER
from tests.security.callers import TOKEN, WRONG
from tests.security.calls.operation import Call, operation
from tests.security.things import Things, keyed

FORGED = "A" * 43


@operation("POST /v1/auth/register")
async def register(things: Things, caller: str) -> Call:
    email = f"{unique('new')}@test.example"
    return Call(json={"email": email, "password": PASSWORD, "name": "New"})


@operation("POST /v1/auth/login")
async def login(things: Things, caller: str) -> Call:
    # Each a name of its own: many at once of one name are taken for guesses.
    account = things.people.accounts.get(caller) or await things.market.register("login")
    return Call(json={"email": account.email, "password": PASSWORD})


@operation("POST /v1/auth/refresh", uses_up=True)
async def refresh(things: Things, caller: str) -> Call:
    session = await things.market.register("refresh")
    return Call(json={"refresh_token": session.tokens["refresh_token"]})


@operation("POST /v1/auth/logout", uses_up=True)
async def logout(things: Things, caller: str) -> Call:
    if caller not in things.people.accounts:
        return Call()
    session = await things.session(caller)
    return Call(headers=session.headers)


@operation("POST /v1/auth/password-reset")
async def request_password_reset(things: Things, caller: str) -> Call:
    return Call(json={"email": things.people.accounts["buyer"].email})


@operation("POST /v1/auth/password-reset/confirm", uses_up=True)
async def confirm_password_reset(things: Things, caller: str) -> Call:
    token = await things.mailed_token("reset-password") if caller == TOKEN else FORGED
    return Call(json={"token": token, "new_password": "another-long-test-password"})


@operation("POST /v1/auth/verify-email", uses_up=True)
async def verify_email(things: Things, caller: str) -> Call:
    token = await things.mailed_token("verify-email") if caller == TOKEN else FORGED
    return Call(json={"token": token})


@operation("POST /v1/auth/step-up")
async def step_up(things: Things, caller: str) -> Call:
    return Call(json={"password": PASSWORD})


@operation("POST /v1/me/totp/confirm", uses_up=True)
async def confirm_totp(things: Things, caller: str) -> Call:
    """An account of its own confirms for whoever has one: the people need no codes later on."""
    if caller not in things.people.accounts:
        return Call(json={"code": "000000"})
    headers, code = await things.with_code()
    return Call(json={"code": code}, headers=headers)


@operation("DELETE /v1/me/totp", uses_up=True)
async def remove_totp(things: Things, caller: str) -> Call:
    if caller not in things.people.accounts:
        return Call()
    return Call(headers=await things.with_second_factor())


@operation("DELETE /v1/me/sessions/{session_id}", uses_up=True)
async def revoke_session(things: Things, caller: str) -> Call:
    session = await things.session("buyer")
    listed = await things.market.client.get("/v1/me/sessions", headers=session.headers)
    (current,) = [each["id"] for each in listed.json()["items"] if each["current"]]
    return Call(path={"session_id": current})


@operation("POST /v1/me/password", uses_up=True)
async def change_password(things: Things, caller: str) -> Call:
    """An account of its own changes its password for whoever has one: the others log in later."""
    passwords = {"current_password": PASSWORD, "new_password": "another-long-test-password"}
    if caller not in things.people.accounts:
        return Call(json=passwords)
    changing = await things.market.register("changing")
    return Call(headers=changing.headers, json=passwords)


@operation("PATCH /v1/me")
async def change_me(things: Things, caller: str) -> Call:
    return Call(json={"name": caller})


@operation("DELETE /v1/me", uses_up=True)
async def delete_me(things: Things, caller: str) -> Call:
    """An account of its own leaves for whoever has one: the people are needed later on."""
    if caller not in things.people.accounts:
        return Call(json={"password": PASSWORD})
    leaving = await things.market.register("leaving")
    return Call(headers=leaving.headers, json={"password": PASSWORD})


@operation("GET /v1/me/cart")
async def read_my_cart(things: Things, caller: str) -> Call:
    await things.cart("buyer")
    return Call()


@operation("POST /v1/api-keys")
async def create_api_key(things: Things, caller: str) -> Call:
    return Call(json={"name": unique("key"), "scopes": ["orders:read"]})


@operation("DELETE /v1/api-keys/{api_key_id}", uses_up=True)
async def revoke_api_key(things: Things, caller: str) -> Call:
    return Call({"api_key_id": await things.api_key(caller)})


@operation("PUT /v1/admin/accounts/{account_id}/roles", uses_up=True)
async def set_roles(things: Things, caller: str) -> Call:
    return Call({"account_id": (await things.stranger()).id}, {"roles": ["moderator"]})


@operation("POST /v1/notifications/{notification_id}/read")
async def mark_read(things: Things, caller: str) -> Call:
    return Call({"notification_id": await things.notification()}, headers=keyed())


@operation("GET /v1/auth/oauth", "GET /v1/me/identities")
async def of_providers(things: Things, caller: str) -> Call:
    return Call()


@operation("GET /v1/auth/oauth/{provider}/authorize")
async def begin_external_login(things: Things, caller: str) -> Call:
    return Call({"provider": ISSUER})


@operation("POST /v1/auth/oauth/{provider}/callback", uses_up=True)
async def finish_external_login(things: Things, caller: str) -> Call:
    body = {"code": FORGED, "state": FORGED, "client_token": FORGED}
    if caller != WRONG:
        client = things.market.client
        body = await things.came_back(lambda: client.get(f"/v1/auth/oauth/{ISSUER}/authorize"))
    return Call({"provider": ISSUER}, body)


@operation("POST /v1/me/identities/{provider}")
async def begin_link(things: Things, caller: str) -> Call:
    """An account of its own begins for whoever has one: only verified ones may."""
    if caller not in things.people.accounts:
        return Call({"provider": ISSUER})
    return Call({"provider": ISSUER}, headers=(await things.verified()).headers)


@operation("POST /v1/me/identities/{provider}/callback", uses_up=True)
async def finish_link(things: Things, caller: str) -> Call:
    if caller not in things.people.accounts:
        return Call({"provider": ISSUER}, {"code": FORGED, "state": FORGED})
    account, client = await things.verified(), things.market.client
    path = f"/v1/me/identities/{ISSUER}"
    body = await things.came_back(lambda: client.post(path, headers=account.headers))
    return Call({"provider": ISSUER}, body, account.headers)


@operation("DELETE /v1/me/identities/{provider}", uses_up=True)
async def unlink_identity(things: Things, caller: str) -> Call:
    if caller not in things.people.accounts:
        return Call({"provider": ISSUER})
    return Call({"provider": ISSUER}, headers=(await things.linked()).headers)
