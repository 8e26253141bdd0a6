"""Who calls: the columns of the authorization table, and the credentials of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.e2e.marketplace import Account, Marketplace

GUEST, TOKEN, WRONG = "guest", "token", "wrong"
MEMBERS = ("viewer", "finance", "fulfil", "manager", "owner")
"""Members of the seller that everything is bought of."""
STAFF = ("moder", "operat", "admin")
CALLERS = (GUEST, TOKEN, WRONG, "buyer", "other", *MEMBERS, "rival", *STAFF, "key")
"""``guest`` has nothing; ``token`` what proves a guest's thing (or signs a webhook) and ``wrong``
what proves another's; ``buyer`` bought, ``other`` bought something else; ``rival`` owns another
seller; ``key`` is an API key of the seller's owner with every scope."""

_NAMES = {"fulfil": "fulfilment", "moder": "moderator", "operat": "operator"}
SCOPES = ("catalog:read", "catalog:write", "orders:read", "orders:write", "payments:read",
          "payments:write")  # fmt: skip


@dataclass
class People:
    """Everybody, logged in, and the two sellers."""

    accounts: dict[str, Account]
    api_key: str
    seller_id: str
    rival_id: str
    category_id: str

    def headers(self, caller: str) -> dict[str, str]:
        """Return the credentials that a caller sends with everything."""
        if caller == "key":
            return {"X-API-Key": self.api_key}
        account = self.accounts.get(caller)
        return dict(account.headers) if account else {}


async def gather_people(market: Marketplace) -> People:
    """Register everybody, open both sellers, give every role."""
    accounts: dict[str, Account] = {}
    (accounts["owner"], seller_id), (accounts["rival"], rival_id) = await asyncio.gather(
        market.open_seller(), market.open_seller()
    )
    for name in STAFF:
        accounts[name] = await market.staff(_NAMES.get(name, name))
    for name in ("buyer", "other", *MEMBERS[:-1]):
        accounts[name] = await market.register(name)
    for name in MEMBERS[:-1]:
        await add_member(market, accounts["owner"], seller_id, accounts[name], name)
        accounts[name] = await market.login(accounts[name])
    made = await market.client.post(
        "/v1/api-keys",
        json={"name": "all", "scopes": list(SCOPES)},
        headers=accounts["owner"].headers,
    )
    assert made.status_code == 201, made.text
    category_id = await market.category(accounts["admin"])
    return People(accounts, made.json()["secret"], seller_id, rival_id, category_id)


async def add_member(
    market: Marketplace, owner: Account, seller_id: str, account: Account, role: str
) -> None:
    """Give an account a role at a seller."""
    answer = await market.client.post(
        f"/v1/sellers/{seller_id}/members",
        json={"email": account.email, "role": _NAMES.get(role, role)},
        headers=owner.headers,
    )
    assert answer.status_code == 201, answer.text
