"""What must not be told is looked for wherever a stack writes, after a run that used all of it."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import connect

from devstack.testing import eventually
from tests.e2e.collector import Collector
from tests.e2e.marketplace import SUCCESS, Json, bearer
from tests.e2e.stack import CARRIER_SECRET, Stack
from tests.e2e.test_mailed_links import mailed_tokens
from tests.security.callers import SCOPES
from tests.security.calls import OTHER_SECRET
from tests.security.rows import Databases
from tests.security.things import Things, carrier_update, keyed

pytestmark = pytest.mark.asyncio(loop_scope="session")

PERSONAL = {
    "email": f"planted-{uuid.uuid4().hex}@test.example",
    "guest email": f"planted-{uuid.uuid4().hex}@test.example",
    "name": f"Plantedname{uuid.uuid4().hex[:12]}",
    "street": f"{uuid.uuid4().int % 900 + 100} Planted{uuid.uuid4().hex[:12]} Road",
    "phone": f"+2547{uuid.uuid4().int % 10**8:08d}",
}
SECRET = {
    "password": f"planted password {uuid.uuid4().hex}",
    "new password": f"replanted password {uuid.uuid4().hex}",
    "wrong password": f"mistaken password {uuid.uuid4().hex}",
    "card": f"tok_4111{uuid.uuid4().int % 10**12:012d}",
}
"""All that is sent; what the stack itself makes is added as it is told."""
ANSWERS = "orders.idempotency_key"
"""What a repeated key is answered again: the cart or order as its buyer sees it."""
ORDERS = {"orders.cart", "orders.orders", ANSWERS}
AT_HOME = {
    "email": {"identity.account", *ORDERS},
    "guest email": ORDERS,
    "name": {"identity.account", *ORDERS},
    "street": ORDERS,
    "phone": ORDERS,
}
"""The tables whose business personal data are. No other secret may stand in any row."""


class Visitor:
    """Somebody who uses all there is, well and badly, and remembers every secret that is told."""

    def __init__(self, stack: Stack, things: Things) -> None:
        self.stack = stack
        self.things = things
        self.client = things.market.client
        self.secrets: dict[str, str] = dict(SECRET)

    async def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return await self.client.post(path, json=body, headers=dict(headers or {}))

    def remember(self, word: str, answer: httpx.Response, *names: str) -> Json:
        assert answer.status_code < 300, answer.text
        told: Json = answer.json()
        self.secrets |= {f"{word} {name}": told[name] for name in names}
        return told

    @property
    def address(self) -> Json:
        return {
            "name": PERSONAL["name"],
            "line1": PERSONAL["street"],
            "city": "Nairobi",
            "country": "KE",
            "phone": PERSONAL["phone"],
        }

    async def account(self) -> dict[str, str]:
        """Register, log in and out, set a second factor, make a key, change the password."""
        who = {"email": PERSONAL["email"], "password": SECRET["password"]}
        told = await self.post("/v1/auth/register", who | {"name": PERSONAL["name"]})
        tokens = self.remember("first", told, "access_token", "refresh_token")
        again = {"refresh_token": tokens["refresh_token"]}
        rotated = await self.post("/v1/auth/refresh", again)
        self.remember("rotated", rotated, "access_token", "refresh_token")
        assert (await self.post("/v1/auth/refresh", again)).status_code == 401
        wrong = who | {"password": SECRET["wrong password"]}
        assert (await self.post("/v1/auth/login", wrong)).status_code == 401
        assert (await self.post("/v1/auth/register", who | {"name": "x"})).status_code in {409, 422}
        headers = bearer(
            self.remember(
                "second", await self.post("/v1/auth/login", who), "access_token", "refresh_token"
            )["access_token"]
        )
        made = await self.post("/v1/api-keys", {"name": "k", "scopes": list(SCOPES)}, headers)
        key = self.remember("key", made, "secret")["secret"]
        assert (await self.client.get("/v1/orders", headers={"X-API-Key": key})).status_code == 200
        ticket = await self.post("/v1/ws-tickets", {}, headers)
        self.remember("websocket", ticket, "ticket")
        await self._reset_password()
        fresh = who | {"password": SECRET["new password"]}
        logged_in = await self.post("/v1/auth/login", fresh)
        headers = bearer(self.remember("third", logged_in, "access_token")["access_token"])
        seed = self.remember("totp", await self.post("/v1/me/totp", {}, headers), "secret")
        assert seed["secret"]
        await self.post("/v1/me/totp/confirm", {"code": "000000"}, headers)
        return headers

    async def _reset_password(self) -> None:
        await self.post("/v1/auth/password-reset", {"email": PERSONAL["email"]})
        (token,) = await mailed_tokens(self.stack, PERSONAL["email"], "reset-password")
        (check,) = await mailed_tokens(self.stack, PERSONAL["email"], "verify-email")
        self.secrets |= {"reset token": token, "verification token": check}
        body = {"token": token, "new_password": SECRET["new password"]}
        for status in (204, 401):
            answer = await self.post("/v1/auth/password-reset/confirm", body)
            assert answer.status_code == status, answer.text
        assert (await self.post("/v1/auth/verify-email", {"token": check})).status_code == 204

    async def buy(self, headers: dict[str, str]) -> None:
        """Buy as account and as guest, in every way that ends differently."""
        product = await self.things.product()
        body: Json = {
            "items": [{"variant_id": product.variant_id, "quantity": 1}],
            "shipping_address": self.address,
        }
        own = await self.post("/v1/carts", body | {"email": PERSONAL["email"]}, headers)
        assert own.status_code == 201, own.text
        paths = [f"/v1/carts/{own.json()['id']}/checkout"]
        methods = [
            {"type": "sandbox", "token": SECRET["card"]},
            {"type": "stripe", "token": SECRET["card"]},
            {"type": "mpesa", "phone": PERSONAL["phone"]},
        ]
        for method in methods:
            await self.post(paths[0], {"payment_method": method}, headers | keyed())
        for token in ("tok_success", "tok_declined"):
            guest = await self.post("/v1/carts", body | {"email": PERSONAL["guest email"]})
            cart = self.remember(f"cart {token}", guest, "token")
            proof = {"X-Cart-Token": cart["token"]}
            method = {"type": "sandbox", "token": token}
            path = f"/v1/carts/{cart['id']}/checkout"
            placed = await self.post(path, {"payment_method": method}, proof | keyed())
            if token == SUCCESS["token"]:
                await self._follow(self.remember("order", placed, "token"))

    async def _follow(self, order: Json) -> None:
        proof = {"X-Order-Token": order["token"]}
        for part in ("", "/timeline", "/payments"):
            await self.client.get(f"/v1/orders/{order['id']}{part}", headers=proof)
        url = f"ws://127.0.0.1:{self.stack.port}/ws/orders/{order['id']}?order_token="
        async with connect(url + order["token"]) as socket, asyncio.timeout(30):
            await socket.recv()
        async with connect(url + quote(SECRET["card"])) as socket, asyncio.timeout(30):
            await socket.wait_closed()
        await self.post(f"/v1/orders/{order['id']}/cancel", {"reason": "late"}, proof | keyed())

    async def misbehave(self, headers: dict[str, str]) -> None:
        """Send secrets where they do not belong, and while the services die."""
        everything = {**PERSONAL, **self.secrets}
        broken = json.dumps(everything)[:-1]
        paths = ["/v1/auth/login", "/v1/auth/register", "/v1/carts", "/v1/nowhere"]
        for path in paths:
            await self.client.post(path, content=broken, headers={"Content-Type": "text/plain"})
            await self.client.post(
                path, content=broken, headers={"Content-Type": "application/json"}
            )
            await self.post(path, everything)
            await self.post(path, {"email": [PERSONAL["email"]], "password": everything})
        for value in everything.values():
            for path in ("/v1/products?q=", "/v1/orders?cursor=", "/livez?token="):
                await self.client.get(path + quote(value), headers=headers)
            await self.client.get("/v1/orders", headers=bearer(quote(value)))
            await self.client.get("/v1/orders", headers={"X-API-Key": quote(value)})
        for secret in (CARRIER_SECRET, OTHER_SECRET):
            body, signature = carrier_update("unknown", secret)
            sent = {**signature, "Content-Type": "application/json"}
            await self.client.post("/v1/webhooks/delivery", content=body, headers=sent)
        for service in ("identity", "orders", "payments"):
            self.stack.kill(service)
            await asyncio.gather(self.buy(headers), *map(self._log_in_wrongly, range(3)),
                                 return_exceptions=True)  # fmt: skip
            await eventually(self._ready, timeout_s=60)

    async def _log_in_wrongly(self, number: int) -> None:
        await self.post(
            "/v1/auth/login",
            {"email": PERSONAL["guest email"], "password": SECRET["wrong password"]},
        )

    async def _ready(self) -> bool:
        answer = await self.client.get("/readyz")
        return answer.status_code == 200 and answer.json()["status"] == "ready"


def spellings(value: str) -> set[bytes]:
    """Return a value as it may be written: plain, in JSON, in a URL, in PostgreSQL's hex."""
    plain = value.encode()
    return {plain, json.dumps(value)[1:-1].encode(), quote(value).encode(), plain.hex().encode()}


def found_in(wanted: Mapping[str, str], text: bytes) -> Iterator[str]:
    for name, value in wanted.items():
        if any(spelling in text for spelling in spellings(value)):
            yield name


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield f"{folder.name}/{path.name}", path.read_bytes()


def tables(databases: Databases) -> Iterator[tuple[str, bytes]]:
    for name, cursor in databases.tables():
        table = name.partition(".")[2]
        rows = cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" AS t').fetchall()
        yield name, "\n".join(str(row[0]) for row in rows).encode()


async def test_no_secret_is_written_where_it_does_not_belong(
    stack: Stack, things: Things, collector: Collector
) -> None:
    visitor = Visitor(stack, things)
    headers = await visitor.account()
    await visitor.buy(headers)
    await visitor.misbehave(headers)
    databases = Databases(stack.home)
    await databases.quiet()
    metrics = await visitor.client.get("/metrics")

    wanted = {**PERSONAL, **visitor.secrets, "webhook secret": CARRIER_SECRET}
    generated = {
        f"generated {name}": text.decode().strip()
        for name, text in files(stack.home / "secrets")
        if re.fullmatch(rb"[\w+/=-]{16,}\s*", text)
    }
    leaks = [f"the metrics tell {name}" for name in found_in(wanted, metrics.content)]
    leaks += [
        f"a span tells {name}" for each in collector.exports for name in found_in(wanted, each)
    ]
    for name, text in files(stack.home / "logs", stack.home / "nats"):
        known = wanted if name.startswith("nats/") else wanted | generated
        leaks += [f"{name} tells {each}" for each in found_in(known, text)]
    rows = dict(tables(databases))
    for table, text in rows.items():
        for each in found_in(wanted, text):
            if table not in AT_HOME.get(each, set()):
                leaks.append(f"{table} tells {each}")
    assert not leaks, "\n".join(sorted(set(leaks)))

    # That the search finds what is there.
    assert collector.spans > 100
    for each, homes in AT_HOME.items():
        for home in homes - {ANSWERS}:
            assert each in found_in(wanted, rows[home]), f"{home} has no {each}"
