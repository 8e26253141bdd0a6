"""Objects of every owner: shared by calls that change nothing, fresh for others."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from PIL import Image

from chassis.ids import format_id, new_id
from devstack.testing import eventually
from tests.e2e.marketplace import SUCCESS, Account, Json, Marketplace, Product, bearer, unique
from tests.e2e.simulated_providers import ISSUER
from tests.e2e.stack import Stack
from tests.e2e.test_external_login import came_back
from tests.e2e.test_mailed_links import mailed_tokens
from tests.security.callers import TOKEN, WRONG, People, add_member
from tests.security.rows import Databases

ASYNC = {"type": "sandbox", "token": "tok_async"}
PATIENCE_S = 60


class Things:
    """Makes things of the people; ``fresh`` ones are made at each call, others once."""

    def __init__(self, stack: Stack, market: Marketplace, people: People, *, fresh: bool) -> None:
        self.stack = stack
        self.market = market
        self.people = people
        self._fresh = fresh
        self._at_the_issuer = asyncio.Lock()
        self._logins = asyncio.Lock()
        self._made: dict[str, asyncio.Task[Any]] = {}

    async def _once(self, name: str, make: Callable[[], Awaitable[Any]]) -> Any:
        if self._fresh:
            return await make()
        if name not in self._made:
            self._made[name] = asyncio.ensure_future(make())
        return await asyncio.shield(self._made[name])

    @property
    def owner(self) -> Account:
        return self.people.accounts["owner"]

    def buys_as(self, caller: str) -> Account | None:
        """Return whose account a caller's things belong to: guests' things to none."""
        return None if caller in (TOKEN, WRONG) else self.people.accounts["buyer"]

    async def product(self) -> Product:
        """A product of the seller, with stock."""

        async def make() -> Product:
            people = self.people
            return await self.market.product(
                self.owner, people.seller_id, people.category_id, on_hand=9000
            )

        product: Product = await self._once("product", make)
        return product

    async def spare_variant(self) -> Json:
        """A variant besides its product's first."""

        async def make() -> Json:
            product = await self.product()
            return await self._posted(
                f"/v1/products/{product.id}/variants",
                {"sku": unique("SKU"), "price": {"amount_minor": 100, "currency": "KES"}},
            )

        spare: Json = await self._once("variant", make)
        return spare

    async def draft(self) -> Json:
        """A product that is not for sale yet."""

        async def make() -> Json:
            return await self._posted(
                f"/v1/sellers/{self.people.seller_id}/products", self.product_body("draft")
            )

        draft: Json = await self._once("draft", make)
        return draft

    def product_body(self, status: str = "active") -> Json:
        price = {"amount_minor": 100, "currency": "KES"}
        return {
            "title": unique("Kettle"),
            "description": "Boils water.",
            "category_id": self.people.category_id,
            "status": status,
            "variants": [{"sku": unique("SKU"), "price": price}],
        }

    async def media(self) -> Json:
        async def make() -> Json:
            product = await self.product()
            answer = await self.market.client.post(
                f"/v1/products/{product.id}/media",
                files={"file": ("kettle.png", picture(), "image/png")},
                headers=self.owner.headers,
            )
            assert answer.status_code == 201, answer.text
            found: Json = answer.json()
            return found

        media: Json = await self._once("media", make)
        return media

    async def cart(self, caller: str) -> tuple[Json, dict[str, str]]:
        """A cart with a line, and the guest's header that this caller sends for it."""
        account = self.buys_as(caller)

        async def make() -> Json:
            product = await self.product()
            return await self.market.cart((product.variant_id, 1), account=account)

        cart = await self._once(f"cart {account is None}", make)
        if caller == TOKEN:
            return cart, {"X-Cart-Token": cart["token"]}
        if caller == WRONG:
            return cart, {"X-Cart-Token": (await self.foreign_cart())["token"]}
        return cart, {}

    async def foreign_cart(self) -> Json:
        """A cart of another guest."""

        async def make() -> Json:
            product = await self.product()
            return await self.market.cart((product.variant_id, 1))

        cart: Json = await self._once("foreign cart", make)
        return cart

    async def order(self, caller: str) -> tuple[Json, dict[str, str]]:
        """A paid order, and the guest's header that this caller sends for it."""
        account = self.buys_as(caller)

        async def make() -> Json:
            return await self._bought(account)

        order = await self._once(f"order {account is None}", make)
        if caller == TOKEN:
            return order, {"X-Order-Token": order["token"]}
        if caller == WRONG:
            return order, {"X-Order-Token": (await self.foreign_order())["token"]}
        return order, {}

    async def foreign_order(self) -> Json:
        """An order of another guest."""
        order: Json = await self._once("foreign order", lambda: self._bought(None))
        return order

    async def _bought(self, account: Account | None, method: Json = SUCCESS) -> Json:
        product = await self.product()
        cart = await self.market.cart((product.variant_id, 3), account=account)
        placed = await self.market.checkout(cart, account=account, method=method)
        assert placed.status_code in {201, 202}, placed.text
        order: Json = placed.json()
        if method is SUCCESS:
            await self.market.order_becomes(
                order, status="confirmed", payment_status="captured", account=account
            )
        return order

    async def waiting_payment(self) -> str:
        """The id of a payment that awaits its buyer."""

        async def make() -> str:
            order = await self._bought(None, ASYNC)
            return str(order["next_action"]["payment_id"])

        payment_id: str = await self._once("payment", make)
        return payment_id

    async def shipment(self) -> Json:
        """A parcel of the buyer's order."""

        async def make() -> Json:
            buyer = self.people.accounts["buyer"]
            order = await self._bought(buyer)
            answer = await self.market.ship(
                self.owner, order, (order["items"][0]["id"], 3), tracking_number=unique("T")
            )
            assert answer.status_code == 201, answer.text
            parcel: Json = answer.json()
            return parcel

        shipment: Json = await self._once("shipment", make)
        return shipment

    async def notification(self) -> str:
        """The id of something that the buyer was told."""

        async def make() -> str:
            await self.order("buyer")
            told: list[str] = []

            async def arrived() -> bool:
                answer = await self.market.client.get(
                    "/v1/notifications", headers=self.people.headers("buyer")
                )
                told.extend(item["id"] for item in answer.json()["items"])
                return bool(told)

            await eventually(arrived, PATIENCE_S)
            return told[0]

        notification_id: str = await self._once("notification", make)
        return notification_id

    async def earnings(self) -> None:
        """Let the seller have something to be paid out."""

        async def make() -> bool:
            parcel = await self.shipment()
            path = f"/v1/shipments/{parcel['id']}/events"
            await self._posted(path, {"status": "delivered"})
            balance = f"/v1/sellers/{self.people.seller_id}/balance"

            async def available() -> bool:
                answer = await self.market.client.get(balance, headers=self.owner.headers)
                return bool(answer.json()["available"]["amount_minor"] > 0)

            await eventually(available, PATIENCE_S)
            return True

        await self._once("earnings", make)

    async def member(self) -> Account:
        """A viewer of the seller whom nobody needs."""

        async def make() -> Account:
            account = await self.market.register("spare")
            seller_id = self.people.seller_id
            await add_member(self.market, self.owner, seller_id, account, "viewer")
            return account

        account: Account = await self._once("member", make)
        return account

    async def stranger(self) -> Account:
        """An account that nobody needs."""
        account: Account = await self._once("stranger", lambda: self.market.register("stranger"))
        return account

    async def mailed_token(self, page: str) -> str:
        """The token of a link that a new account was mailed."""
        account = await self.market.register("mailed")
        asked = await self.market.client.post(
            "/v1/auth/password-reset", json={"email": account.email}
        )
        assert asked.status_code == 202, asked.text
        (token,) = await mailed_tokens(self.stack, account.email, page)
        return token

    async def with_code(self) -> tuple[dict[str, str], str]:
        """An account that has begun to set a second factor: its credentials, and the code."""
        account = await self.market.register("secured")
        begun = await self.market.client.post("/v1/me/totp", headers=account.headers)
        assert begun.status_code == 201, begun.text
        app = TOTP(base64.b32decode(begun.json()["secret"]), 6, SHA1(), 30)
        return account.headers, app.generate(int(time.time())).decode()

    async def with_second_factor(self) -> dict[str, str]:
        """Credentials of an account that has a second factor and has just proved itself."""
        headers, code = await self.with_code()
        client = self.market.client
        confirmed = await client.post("/v1/me/totp/confirm", json={"code": code}, headers=headers)
        assert confirmed.status_code == 200, confirmed.text
        proof = {"totp_code": confirmed.json()["recovery_codes"][0]}
        proved = await client.post("/v1/auth/step-up", json=proof, headers=headers)
        assert proved.status_code == 200, proved.text
        return bearer(proved.json()["access_token"])

    async def verified(self) -> Account:
        """An account whose address is verified."""

        async def make() -> Account:
            account = await self.market.register("verified")
            verify = "UPDATE account SET email_verified_at = now() WHERE email = %(email)s"
            databases, named = Databases(self.stack.home), {"email": account.email}
            await asyncio.to_thread(databases.execute, "identity", verify, named)
            return account

        account: Account = await self._once("verified", make)
        return account

    async def came_back(self, begin: Callable[[], Awaitable[httpx.Response]]) -> Json:
        """What a new person's browser comes back with from the issuer."""
        async with self._at_the_issuer:
            email = f"{unique('person')}@test.example"
            await self.stack.providers.log_in_next(
                sub=unique("sub"), email=email, email_verified=True
            )
            begun = await begin()
            back = await came_back(begun)
        return back | {"client_token": begun.json()["client_token"]}

    async def linked(self) -> Account:
        """An account with a password and a login of the issuer."""
        account = await self.verified()
        path, client = f"/v1/me/identities/{ISSUER}", self.market.client
        body = await self.came_back(lambda: client.post(path, headers=account.headers))
        done = await client.post(f"{path}/callback", json=body, headers=account.headers)
        assert done.status_code == 201, done.text
        return account

    async def dead_letter(self) -> str:
        """The id of an event that orders gave up."""

        async def make() -> str:
            event_id = new_id()
            plant = (
                "INSERT INTO dead_letter (event_id, context, name, source, aggregate_id, sequence,"
                " traceparent, occurred_at, payload, error, deliveries) VALUES (%(id)s, 'identity',"
                " 'nothing_of_ours', '/soko/identity', 'usr', 1, '', now(), '', 'ValueError: x', 8)"
            )
            databases = Databases(self.stack.home)
            await asyncio.to_thread(databases.execute, "orders", plant, {"id": event_id})
            return format_id("dlt_orders", event_id)

        letter: str = await self._once("dead letter", make)
        return letter

    async def category(self) -> str:
        """The id of a category without products."""
        admin = self.people.accounts["admin"]
        category_id: str = await self._once("category", lambda: self.market.category(admin))
        return category_id

    async def commission_rule(self) -> str:
        """The id of a rule that applies to nobody's orders."""

        async def make() -> str:
            category_id = await self.market.category(self.people.accounts["admin"])
            answer = await self.market.client.put(
                "/v1/commission-rules",
                json={"category_id": category_id, "rate_bps": 100},
                headers=self.people.headers("admin"),
            )
            assert answer.status_code == 200, answer.text
            return str(answer.json()["id"])

        rule_id: str = await self._once("rule", make)
        return rule_id

    async def api_key(self, caller: str) -> str:
        """The id of an API key of the buyer's."""

        async def make() -> str:
            answer = await self.market.client.post(
                "/v1/api-keys",
                json={"name": unique("key"), "scopes": ["orders:read"]},
                headers=self.people.headers("buyer"),
            )
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])

        key_id: str = await self._once("api key", make)
        return key_id

    async def session(self, caller: str) -> Account:
        """A session of its own for a caller with an account, for calls that end it."""
        # One after the other: many at once of one name are taken for guesses.
        async with self._logins:
            return await self.market.login(self.people.accounts[caller])

    async def _posted(self, path: str, body: Json) -> Json:
        answer = await self.market.client.post(path, json=body, headers=self.owner.headers)
        assert answer.status_code in {200, 201}, answer.text
        found: Json = answer.json()
        return found


def keyed() -> dict[str, str]:
    """Return a header that makes a call unlike all others."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def picture() -> bytes:
    """Return a small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(file, "PNG")
    return file.getvalue()


def carrier_update(tracking_number: str, secret: str) -> tuple[bytes, dict[str, str]]:
    """Return a carrier's webhook, signed as the Standard Webhooks specification says."""
    event_id, at = unique("event"), str(int(time.time()))
    body = json.dumps(
        {
            "event_id": event_id,
            "tracking_number": tracking_number,
            "carrier": "posta",
            "status": "in_transit",
            "occurred_at": "2026-11-20T09:30:00Z",
        }
    ).encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{event_id}.{at}.".encode() + body, hashlib.sha256)
    return body, {
        "webhook-id": event_id,
        "webhook-timestamp": at,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
