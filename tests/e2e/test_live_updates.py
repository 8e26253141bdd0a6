"""The status of an order over a WebSocket."""

import asyncio
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from tests.e2e.marketplace import Account, Marketplace, Product
from tests.e2e.stack import Stack

PATIENCE_S = 30


async def until(socket: ClientConnection, status: str, payment_status: str) -> list[dict[str, Any]]:
    """Read messages until one tells both statuses; return all that came."""
    came = []
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = orjson.loads(await socket.recv())
            came.append(message)
            if message.get("status") == status and (
                message["payload"]["payment_status"] == payment_status
            ):
                return came


async def close_code(url: str) -> int:
    """Connect, read until the server closes, and return its close code."""
    async with connect(url) as socket, asyncio.timeout(PATIENCE_S):
        await socket.wait_closed()
    assert socket.close_code is not None
    return socket.close_code


async def test_a_guest_follows_an_order_and_resumes(
    market: Marketplace, stack: Stack, product: Product
) -> None:
    cart = await market.cart((product.variant_id, 1))
    method = {"type": "sandbox", "token": "tok_async"}
    order = (await market.checkout(cart, method=method)).json()
    url = f"ws://127.0.0.1:{stack.port}/ws/orders/{order['id']}?order_token={order['token']}"
    async with connect(url) as socket:
        async with asyncio.timeout(PATIENCE_S):
            first = orjson.loads(await socket.recv())
        assert first["type"] == "order_status_update"
        assert first["status"] in {"pending", "awaiting_payment"}
        assert first["payload"]["order_id"] == order["id"]
        await market.client.post(
            f"/v1/sandbox/payments/{order['next_action']['payment_id']}/succeed"
        )
        came = await until(socket, "confirmed", "captured")
    sequences = [message["sequence"] for message in [first, *came]]
    assert sequences == sorted(set(sequences))
    assert all(message["event_id"].startswith("evt_") for message in came)

    async with connect(f"{url}&after={sequences[0]}") as socket:
        missed = await until(socket, "confirmed", "captured")
    assert [message["sequence"] for message in missed][-len(came) :] == sequences[1:]


async def test_an_account_follows_its_own_group_with_a_ticket(
    market: Marketplace, stack: Stack, product: Product, buyer: Account
) -> None:
    ticket = await market.client.post("/v1/ws-tickets", headers=buyer.headers)
    base = f"ws://127.0.0.1:{stack.port}/ws/users/{buyer.id}"
    url = f"{base}?ticket={ticket.json()['ticket']}"
    async with connect(url) as socket:
        cart = await market.cart((product.variant_id, 1), account=buyer)
        order = (await market.checkout(cart, account=buyer)).json()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = orjson.loads(await socket.recv())
                if message.get("payload", {}).get("order_id") == order["id"]:
                    break
    assert await close_code(url) == 4401


async def test_a_stranger_is_kept_out(
    market: Marketplace, stack: Stack, product: Product, buyer: Account
) -> None:
    order = (await market.checkout(await market.cart((product.variant_id, 1)))).json()
    base = f"ws://127.0.0.1:{stack.port}/ws/orders/{order['id']}"
    ticket = (await market.client.post("/v1/ws-tickets", headers=buyer.headers)).json()["ticket"]
    assert await close_code(f"{base}?order_token=wrong") in {4401, 4404}
    assert await close_code(f"{base}?ticket={ticket}") in {4401, 4404}
    assert await close_code(base) == 4401
