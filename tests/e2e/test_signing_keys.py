"""The key that signs access tokens is rotated while people log in and buy."""

import asyncio
import base64
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import orjson

from devstack.testing import eventually
from tests.e2e.marketplace import Account, Marketplace, bearer
from tests.e2e.stack import Stack

_LEAD_S = 10
_PEOPLE = 4


def key_of(account: Account) -> str:
    """Return the id of the key that signed an account's token."""
    head = account.tokens["access_token"].partition(".")[0]
    return str(orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


class Load:
    """People who log in, look at what is theirs and refresh their tokens, over and over."""

    def __init__(self, market: Marketplace) -> None:
        self._market = market
        self._going = True
        self.statuses: Counter[int] = Counter()
        self.newest: list[str] = []

    async def person(self, number: int, account: Account) -> None:
        while self._going:
            account = await self._market.login(account)
            self.newest[number] = key_of(account)
            for path in ("/v1/me", "/v1/orders", "/v1/notifications"):
                await self._request("GET", path, account)
            fresh = await self._market.client.post(
                "/v1/auth/refresh", json={"refresh_token": account.tokens["refresh_token"]}
            )
            self.statuses[fresh.status_code] += 1
            account.headers = bearer(fresh.json()["access_token"])
            await self._request("POST", "/v1/carts", account)

    async def _request(self, method: str, path: str, account: Account) -> None:
        sent = {"json": {}} if method == "POST" else {}
        answer = await self._market.client.request(method, path, headers=account.headers, **sent)
        self.statuses[answer.status_code] += 1

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        people = [await self._market.register() for _ in range(_PEOPLE)]
        self.newest = [key_of(person) for person in people]
        tasks = [asyncio.create_task(self.person(*each)) for each in enumerate(people)]
        try:
            yield
        finally:
            self._going = False
            await asyncio.gather(*tasks)


async def test_no_request_fails_while_a_key_is_published_signs_and_the_former_one_retires(
    stack: Stack, market: Marketplace
) -> None:
    async def published(*expected: str) -> bool:
        keys = (await market.client.get("/.well-known/jwks.json")).json()["keys"]
        return [key["kid"] for key in keys] == list(expected)

    witness = await market.register()
    former = key_of(witness)
    load = Load(market)
    async with load.running():
        said = await asyncio.to_thread(stack.run, "keys", "rotate", "--lead", str(_LEAD_S))
        new = said.split()[0]
        await eventually(lambda: published(former, new))
        assert set(load.newest) == {former}
        await eventually(lambda: set(load.newest) == {new}, timeout_s=60)
        assert (await market.client.get("/v1/me", headers=witness.headers)).status_code == 200
        await asyncio.to_thread(stack.run, "keys", "retire", former, "--force")
        await eventually(lambda: published(new))

        async def refused() -> bool:
            answers = [await market.client.get("/v1/me", headers=witness.headers) for _ in range(8)]
            return {answer.status_code for answer in answers} == {401}

        await eventually(refused, timeout_s=60)
    assert set(load.statuses) == {200, 201}, load.statuses
    assert load.statuses.total() > 100
    assert "retired" in stack.run("keys", "list")
