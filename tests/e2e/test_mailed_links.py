"""Links in real mail: read out of the mailbox, followed once, refused the second time."""

from __future__ import annotations

import asyncio
import re

from devstack.testing import eventually
from tests.e2e.marketplace import PASSWORD, Account, Marketplace, bearer
from tests.e2e.stack import Stack

NEW_PASSWORD = "another-long-test-password"


async def mailed_tokens(stack: Stack, email: str, page: str, count: int = 1) -> list[str]:
    """Return the tokens of the links that were mailed to an address, waiting for so many."""
    found: list[str] = []

    async def arrived() -> bool:
        mails = await asyncio.to_thread(stack.mails)
        link = re.compile(rf"{re.escape(stack.url)}/account/{page}#token=([\w-]{{43}})$", re.M)
        found[:] = [
            token for mail in mails if mail["to"] == [email] for token in link.findall(mail["text"])
        ]
        return len(found) >= count

    await eventually(arrived, timeout_s=60)
    return found


async def is_verified(market: Marketplace, account: Account) -> bool:
    answer = await market.client.get("/v1/me", headers=account.headers)
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["email_verified"])


async def test_a_new_account_verifies_its_address(market: Marketplace, stack: Stack) -> None:
    account = await market.register()
    assert not await is_verified(market, account)
    [token] = await mailed_tokens(stack, account.email, "verify-email")
    verify = {"token": token}
    assert (await market.client.post("/v1/auth/verify-email", json=verify)).status_code == 204
    assert await is_verified(market, account)
    again = await market.client.post("/v1/auth/verify-email", json=verify)
    assert (again.status_code, again.json()["code"]) == (401, "link_invalid")
    anew = await market.client.post("/v1/me/email-verification", headers=account.headers)
    assert (anew.status_code, anew.json()["code"]) == (409, "email_already_verified")


async def test_a_forgotten_password_is_reset_once_and_ends_every_session(
    market: Marketplace, stack: Stack
) -> None:
    account = await market.register()
    for email in (account.email, "nobody@test.example"):
        asked = await market.client.post("/v1/auth/password-reset", json={"email": email})
        assert (asked.status_code, asked.content) == (202, b"")
    [token] = await mailed_tokens(stack, account.email, "reset-password")

    passwords = [f"{NEW_PASSWORD}-{n}" for n in range(2)]
    answers = await asyncio.gather(
        *(
            market.client.post(
                "/v1/auth/password-reset/confirm", json={"token": token, "new_password": password}
            )
            for password in passwords
        )
    )
    assert sorted(answer.status_code for answer in answers) == [204, 401]
    chosen = passwords[[answer.status_code for answer in answers].index(204)]

    old = await market.client.get("/v1/me", headers=account.headers)
    assert (old.status_code, old.json()["code"]) == (401, "session_revoked")
    refresh = {"refresh_token": account.tokens["refresh_token"]}
    assert (await market.client.post("/v1/auth/refresh", json=refresh)).status_code == 401
    for password in (PASSWORD, *passwords):
        login = await market.client.post(
            "/v1/auth/login", json={"email": account.email, "password": password}
        )
        assert login.status_code == (200 if password == chosen else 401)
        if login.status_code == 200:
            headers = bearer(login.json()["access_token"])
            me = await market.client.get("/v1/me", headers=headers)
            assert me.json()["email_verified"]
    assert not [mail for mail in stack.mails() if mail["to"] == ["nobody@test.example"]]
