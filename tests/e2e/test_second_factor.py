"""Second factors, step-up and sessions through the whole stack, with real mail and WebSockets."""

from __future__ import annotations

import asyncio
import base64
import time

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from httpx import Response
from websockets.asyncio.client import connect

from devstack.testing import eventually
from tests.e2e.marketplace import PASSWORD, Account, Marketplace, Product, bearer, unique
from tests.e2e.stack import Stack

NEW_PASSWORD = "another-long-test-password"
PATIENCE_S = 30


async def secure(market: Marketplace, account: Account) -> tuple[TOTP, list[str]]:
    """Set a second factor; return what the app and the drawer hold."""
    begun = await market.client.post("/v1/me/totp", headers=account.headers)
    assert begun.status_code == 201, begun.text
    app = TOTP(base64.b32decode(begun.json()["secret"]), 6, SHA1(), 30)
    code = app.generate(int(time.time())).decode()
    confirmed = await market.client.post(
        "/v1/me/totp/confirm", json={"code": code}, headers=account.headers
    )
    assert confirmed.status_code == 200, confirmed.text
    return app, confirmed.json()["recovery_codes"]


async def log_in(market: Marketplace, account: Account, **more: str) -> Response:
    body = {"email": account.email, "password": PASSWORD, **more}
    return await market.client.post("/v1/auth/login", json=body)


async def was_mailed(stack: Stack, account: Account, subject: str) -> None:
    async def arrived() -> bool:
        mails = await asyncio.to_thread(stack.mails)
        return any(m["to"] == [account.email] and m["subject"] == subject for m in mails)

    await eventually(arrived, timeout_s=60)


async def test_a_second_factor_guards_login_and_money(
    market: Marketplace, stack: Stack, product: Product
) -> None:
    operator = await market.staff("operator")
    order = (await market.checkout(await market.cart((product.variant_id, 1)))).json()
    app, recovery_codes = await secure(market, operator)

    async def refund(headers: dict[str, str]) -> Response:
        return await market.client.post(
            f"/v1/orders/{order['id']}/refunds",
            json={"reason": "Broken"},
            headers={**headers, "Idempotency-Key": unique("refund")},
        )

    # Its token is older than the factor.
    removal = market.client.delete("/v1/me/totp", headers=operator.headers)
    for asked in await asyncio.gather(refund(operator.headers), removal):
        assert (asked.status_code, asked.json()["code"]) == (403, "step_up_required")

    missing = await log_in(market, operator)
    assert (missing.status_code, missing.json()["code"]) == (401, "totp_required")
    code = app.generate(int(time.time()) + 30).decode()
    answers = await asyncio.gather(*(log_in(market, operator, totp_code=code) for _ in range(2)))
    assert sum(answer.status_code == 200 for answer in answers) == 1
    (opened,) = [answer.json() for answer in answers if answer.status_code == 200]

    headers = bearer(opened["access_token"])
    assert (await market.client.get("/v1/me", headers=headers)).json()["second_factor"]
    asked = await refund(headers)
    assert (asked.status_code, asked.json()["code"]) == (403, "step_up_required")
    for proof in ({"totp_code": code}, {"password": "wrong"}):
        wrong = await market.client.post("/v1/auth/step-up", json=proof, headers=headers)
        assert wrong.status_code == 401
    proof = {"totp_code": recovery_codes[0]}
    proved = await market.client.post("/v1/auth/step-up", json=proof, headers=headers)
    assert proved.status_code == 200, proved.text
    refunded = await refund(bearer(proved.json()["access_token"]))
    assert refunded.status_code == 201, refunded.text
    again = await market.client.post("/v1/auth/step-up", json=proof, headers=headers)
    assert (again.status_code, again.json()["code"]) == (401, "invalid_totp_code")

    removed = await market.client.delete(
        "/v1/me/totp", headers=bearer(proved.json()["access_token"])
    )
    assert removed.status_code == 204
    assert (await log_in(market, operator)).status_code == 200
    await was_mailed(stack, operator, "Your account asks for a code now")
    await was_mailed(stack, operator, "Your account no longer asks for a code")


async def socket_of(market: Marketplace, stack: Stack, account: Account) -> str:
    ticket = await market.client.post("/v1/ws-tickets", headers=account.headers)
    base = f"ws://127.0.0.1:{stack.port}/ws/users/{account.id}"
    return f"{base}?ticket={ticket.json()['ticket']}"


async def test_a_session_is_ended_from_another_and_its_socket_closes(
    market: Marketplace, stack: Stack
) -> None:
    desk = await market.register()
    phone = await market.login(desk)
    listed = (await market.client.get("/v1/me/sessions", headers=desk.headers)).json()
    assert listed["next_cursor"] is None
    by_use = {each["current"]: each for each in listed["items"]}
    assert by_use[False]["user_agent"].startswith("python-httpx/")
    assert by_use[False]["address"] == "127.0.0.0/24"

    # Several sockets, so that every gateway worker is likely to hold one.
    sockets = [await connect(await socket_of(market, stack, phone)) for _ in range(6)]
    own = await connect(await socket_of(market, stack, desk))
    async with asyncio.timeout(PATIENCE_S):
        for socket in (*sockets, own):
            await socket.recv()
        ended = await market.client.delete(
            f"/v1/me/sessions/{by_use[False]['id']}", headers=desk.headers
        )
        assert ended.status_code == 204
        for socket in sockets:
            await socket.wait_closed()
            assert socket.close_code == 4401
    refused = await market.client.get("/v1/me", headers=phone.headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "session_revoked")
    refresh = {"refresh_token": phone.tokens["refresh_token"]}
    assert (await market.client.post("/v1/auth/refresh", json=refresh)).status_code == 401
    assert (await market.client.get("/v1/me", headers=desk.headers)).status_code == 200
    assert own.close_code is None
    await own.close()


async def test_a_changed_password_ends_the_other_sessions_and_is_told_by_mail(
    market: Marketplace, stack: Stack
) -> None:
    desk = await market.register()
    phone = await market.login(desk)
    passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    wrong = await market.client.post(
        "/v1/me/password", json={**passwords, "current_password": "wrong"}, headers=desk.headers
    )
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    weak = await market.client.post(
        "/v1/me/password", json={**passwords, "new_password": "password123"}, headers=desk.headers
    )
    assert (weak.status_code, weak.json()["code"]) == (422, "weak_password")
    changed = await market.client.post("/v1/me/password", json=passwords, headers=desk.headers)
    assert (changed.status_code, changed.content) == (204, b"")

    refused = await market.client.get("/v1/me", headers=phone.headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "session_revoked")
    assert (await market.client.get("/v1/me", headers=desk.headers)).status_code == 200
    assert (await log_in(market, desk)).status_code == 401
    assert (await log_in(market, desk, password=NEW_PASSWORD)).status_code == 200
    await was_mailed(stack, desk, "Your password was changed")
