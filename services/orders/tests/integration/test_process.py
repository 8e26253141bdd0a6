"""Two processes on one database as they are run, one of them killed in the middle of checkouts."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from devstack.testing import eventually
from services.orders.tests.builders import EMAIL, SECRET, an_id, make_variant
from services.orders.tests.fake_peers import serving_peers
from services.orders.tests.fakes import FakeAccounts, FakeCatalog, FakePayments
from services.orders.tests.integration.conftest import SHIP_TO
from soko.orders.v1 import cart_pb2, cart_pb2_grpc, order_pb2, order_pb2_grpc

BUYERS = 40
TOKENS = ("tok_success", "tok_success", "tok_declined")


def environment(url: str, nats_url: str, listen: str, peers: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("SOKO_")}
    return own | {
        "SOKO_SECRET": SECRET,
        "SOKO_DATABASE_URL": url,
        "SOKO_NATS_URL": nats_url,
        "SOKO_GRPC_LISTEN": listen,
        "SOKO_CATALOG_TARGET": peers,
        "SOKO_PAYMENTS_TARGET": peers,
        "SOKO_IDENTITY_TARGET": peers,
        "SOKO_LOG_LEVEL": "error",
    }


class Replica:
    """One process and a client of it."""

    def __init__(self, env: dict[str, str]) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "orders", "serve"], env=env)
        self.peer = Peer("orders", env["SOKO_GRPC_LISTEN"], service="gateway")
        self.carts = cart_pb2_grpc.CartServiceStub(self.peer.channel)
        self.checkouts = order_pb2_grpc.CheckoutServiceStub(self.peer.channel)

    async def answers(self) -> bool:
        request = cart_pb2.GetCartRequest(cart_id=an_id("cart"))
        try:
            await self.peer.call(self.carts.GetCart, request, timeout_s=1)
        except ServiceError as error:
            return error.kind == "not_found"
        return True

    async def buy(self, variant: str, pay: str) -> str:
        """Return what a client sees: the order's status or the error's code."""
        new = cart_pb2.CreateCartRequest(
            items=[cart_pb2.NewItem(variant_id=variant, quantity=1)],
            email=EMAIL,
            shipping_address=SHIP_TO,
        )
        try:
            cart = (await self.peer.call(self.carts.CreateCart, new, timeout_s=5)).cart
            request = order_pb2.CheckoutRequest(
                cart_id=cart.id,
                token=cart.token,
                payment_method=order_pb2.PaymentMethod(type="sandbox", token=pay),
            )
            metadata = [
                ("soko-idempotency-scope", cart.id),
                ("soko-idempotency-key", "k"),
                ("soko-idempotency-fingerprint", "f"),
            ]
            method = self.checkouts.Checkout
            answer = await self.peer.call(method, request, timeout_s=8, metadata=metadata)
        except ServiceError as error:
            return error.code
        return answer.order.status

    async def close(self) -> None:
        await self.peer.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self.process.wait, 20)


def rests(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM orders WHERE saga_step NOT IN ('done', 'cancelled')"
        ).fetchone()
    return row == (0,)


def check(url: str, catalog: FakeCatalog, payments: FakePayments) -> Counter:
    """The promises, between what our database, catalog and payments say."""
    with psycopg.connect(url) as connection:
        orders = connection.execute(
            "SELECT 'ord', id, status, payment_status FROM orders"
        ).fetchall()
        open_carts = connection.execute(
            "SELECT count(*) FROM cart JOIN orders ON orders.cart_id = cart.id"
            " WHERE orders.status = 'cancelled' AND cart.status <> 'open'"
        ).fetchone()
        gaps = connection.execute(
            "SELECT aggregate_id FROM outbox GROUP BY 1 HAVING count(*) <> max(sequence)"
        ).fetchall()
    assert open_carts == (0,)
    assert gaps == []
    assert set(payments.charges.values()) <= {1}
    statuses = Counter(status for _, _, status, _ in orders)
    assert len(catalog.allocated) == statuses["confirmed"]
    assert catalog.held == {}
    assert Counter(payments.status.values())["captured"] == statuses["confirmed"]
    assert {p for _, _, s, p in orders if s == "confirmed"} == {"captured"}
    return statuses


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="soko-op-") as path:
        yield Path(path)


async def test_a_process_killed_in_mid_checkout_leaves_nothing_undone(
    make_database: Callable[[], str], nats_url: str, folder: Path
) -> None:
    url = make_database()
    catalog, payments = FakeCatalog(), FakePayments()
    variant = make_variant(available=1000)
    catalog.add(variant)
    async with serving_peers(folder, catalog, payments, FakeAccounts()) as peers:
        envs = [environment(url, nats_url, f"unix:{folder}/{n}.sock", peers) for n in "ab"]
        migrate = [sys.executable, "-m", "orders", "migrate"]
        await asyncio.to_thread(subprocess.run, migrate, env=envs[0], check=True)
        doomed, other = replicas = [Replica(env) for env in envs]
        try:
            for replica in replicas:
                await eventually(replica.answers, 30)
            buying = [
                asyncio.ensure_future(
                    replicas[number % 2].buy(variant.id, TOKENS[number % len(TOKENS)])
                )
                for number in range(BUYERS)
            ]
            await eventually(lambda: len(payments.charges) >= 3, 20)
            doomed.process.kill()
            seen = Counter(await asyncio.gather(*buying))
            assert seen["confirmed"] >= 1
            await eventually(lambda: rests(url), 30)
            statuses = check(url, catalog, payments)
            # Whatever the clients of the killed process saw, nothing they were told is undone.
            assert statuses["confirmed"] >= seen["confirmed"]
            assert await other.buy(variant.id, "tok_success") == "confirmed"
        finally:
            for replica in replicas:
                await replica.close()
        assert other.process.returncode == 0
