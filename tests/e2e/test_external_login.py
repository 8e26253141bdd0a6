"""People who come with an account that they have elsewhere, through the whole stack."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx

from tests.e2e.marketplace import Json, Marketplace, bearer, unique
from tests.e2e.simulated_providers import ISSUER
from tests.e2e.stack import Stack
from tests.e2e.test_mailed_links import mailed_tokens

OAUTH = f"/v1/auth/oauth/{ISSUER}"
LINK = f"/v1/me/identities/{ISSUER}"


async def came_back(begun: httpx.Response) -> Json:
    """Go to the issuer's page and return the body for the callback."""
    assert begun.status_code == 200, begun.text
    async with httpx.AsyncClient() as browser:
        page = await browser.get(begun.json()["authorization_url"])
    back = parse_qs(urlsplit(page.headers["location"]).query)
    return {"code": back["code"][0], "state": back["state"][0]}


async def test_a_buyer_logs_in_with_an_issuer_and_links_it_to_the_account_of_the_address(
    stack: Stack, market: Marketplace
) -> None:
    client = market.client
    listed = (await client.get("/v1/auth/oauth")).json()["items"]
    assert listed == [{"provider": ISSUER, "name": "Work"}]
    newcomer = {"sub": unique("sub"), "email": f"{unique('new')}@test.example"}
    await stack.providers.log_in_next(**newcomer, email_verified=True, name="Newcomer")
    answer = await client.post(
        f"{OAUTH}/callback", json=await came_back(await client.get(f"{OAUTH}/authorize"))
    )
    assert answer.status_code == 200, answer.text
    me = await client.get("/v1/me", headers=bearer(answer.json()["access_token"]))
    assert (me.json()["email"], me.json()["name"]) == (newcomer["email"], "Newcomer")

    owner = await market.register()
    identity = {"sub": unique("sub"), "email": owner.email, "email_verified": True}
    await stack.providers.log_in_next(**identity)
    refused = await client.post(
        f"{OAUTH}/callback", json=await came_back(await client.get(f"{OAUTH}/authorize"))
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "account_exists")
    unverified = await client.post(LINK, headers=owner.headers)
    assert (unverified.status_code, unverified.json()["code"]) == (403, "email_not_verified")
    [token] = await mailed_tokens(stack, owner.email, "verify-email")
    verified = await client.post("/v1/auth/verify-email", json={"token": token})
    assert verified.status_code == 204
    begun = await client.post(LINK, headers=owner.headers)
    linked = await client.post(
        f"{LINK}/callback", json=await came_back(begun), headers=owner.headers
    )
    assert (linked.status_code, linked.json()["provider"]) == (201, ISSUER)
    again = await client.post(
        f"{OAUTH}/callback", json=await came_back(await client.get(f"{OAUTH}/authorize"))
    )
    me = await client.get("/v1/me", headers=bearer(again.json()["access_token"]))
    assert me.json()["id"] == owner.id
