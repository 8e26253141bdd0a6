"""An event that cannot be handled is given up, seen, redriven after mending, and handled once."""

import asyncio
import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from chassis.ids import parse_id
from devstack.testing import eventually
from tests.e2e.marketplace import Account, Json, Marketplace, Product
from tests.e2e.stack import Stack

TYPE = "soko.orders.order_confirmed.v1"
_POISON = """
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the mail of order % chokes', NEW.order_id;
END
$$;
CREATE TRIGGER poison BEFORE INSERT ON mail_delivery FOR EACH ROW
WHEN (NEW.order_id = '{order}' AND NEW.kind = 'order_confirmed') EXECUTE FUNCTION poison();
"""
_MENDED = "DROP TRIGGER poison ON mail_delivery; DROP FUNCTION poison()"


@contextmanager
def database(stack: Stack, service: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.database_url(service), autocommit=True) as connection:
        yield connection


async def choked_order(market: Marketplace, stack: Stack, product: Product, buyer: Account) -> str:
    """Buy while notifications cannot take the order's mail; return the order's id."""
    cart = await market.cart((product.variant_id, 1), account=buyer, email=buyer.email)
    placed = await market.checkout(
        cart, account=buyer, method={"type": "sandbox", "token": "tok_async"}
    )
    order = placed.json()
    with database(stack, "notifications") as connection:
        connection.execute(_POISON.format(order=parse_id("ord", order["id"])))
    path = f"/v1/sandbox/payments/{order['next_action']['payment_id']}/succeed"
    assert (await market.client.post(path, headers=buyer.headers)).status_code == 200
    await market.order_becomes(order, status="confirmed", account=buyer)
    return str(order["id"])


async def letters(market: Marketplace, staff: Account) -> list[Json]:
    answer = await market.client.get(
        "/v1/ops/dead-letters", params={"type": TYPE}, headers=staff.headers
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["unavailable"] == []
    found: list[Json] = answer.json()["items"]
    return found


async def test_a_poisoned_event_is_seen_and_redriven_and_has_its_effect_once(
    market: Marketplace, stack: Stack, product: Product, buyer: Account, admin: Account
) -> None:
    order_id = await choked_order(market, stack, product, buyer)
    (letter,) = await eventually(lambda: letters(market, admin), timeout_s=60)
    assert (letter["type"], letter["consumer"]) == (TYPE, "notifications")
    assert f"the mail of order {parse_id('ord', order_id)} chokes" in letter["error"]
    assert letter["redriven_at"] is None

    path = f"/v1/ops/dead-letters/{letter['id']}/redrive"
    early = await market.client.post(path, headers=admin.headers)
    assert (early.status_code, early.json()["code"]) == (409, "event_failed_again")
    (still,) = await letters(market, admin)
    assert still["attempts"] == letter["attempts"] + 1

    with database(stack, "notifications") as connection:
        connection.execute(_MENDED)
    keyed = admin.headers | {"Idempotency-Key": uuid.uuid4().hex}
    first = await market.client.post(path, headers=keyed)
    assert first.status_code == 200, first.text
    assert first.json()["redriven_at"]
    again = await market.client.post(path, headers=keyed)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    late = await market.client.post(path, headers=admin.headers)
    assert (late.status_code, late.json()["code"]) == (409, "already_redriven")
    assert await letters(market, admin) == []

    def mails() -> list[Json]:
        return [mail for mail in stack.mails() if buyer.email in mail["to"]]

    async def confirmed() -> bool:
        return any("confirmed" in str(mail["subject"]).lower() for mail in mails())

    await eventually(confirmed, timeout_s=30)
    with database(stack, "notifications") as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM mail_delivery WHERE order_id = %s AND kind = 'order_confirmed'",
            [parse_id("ord", order_id)],
        ).fetchone() or (0,)
    assert count == 1
    log = await market.client.get(
        "/v1/admin/audit-log", params={"act": "dead_letter_redriven"}, headers=admin.headers
    )
    told = [(entry["outcome"], entry["actor"]) for entry in log.json()["items"]
            if entry["subject"] == letter["id"]]  # fmt: skip
    assert told == [("succeeded", admin.id), ("failed", admin.id)]


async def test_the_command_line_lists_and_redrives(
    market: Marketplace, stack: Stack, product: Product, buyer: Account, admin: Account
) -> None:
    await choked_order(market, stack, product, buyer)
    (letter,) = await eventually(lambda: letters(market, admin), timeout_s=60)
    with database(stack, "notifications") as connection:
        connection.execute(_MENDED)
    shown = await asyncio.to_thread(stack.run, "dead-letters", "list", "--json")
    assert [each["id"] for each in json.loads(shown)] == [letter["id"]]
    none = await asyncio.to_thread(
        stack.run, "dead-letters", "redrive", "--all", "--type", "soko.orders.nothing.v1"
    )
    assert none == "There are no dead letters.\n"
    done = await asyncio.to_thread(stack.run, "dead-letters", "redrive", "--all", "--type", TYPE)
    assert done == f"{letter['id']}  handled\n"
    assert "no dead letters" in await asyncio.to_thread(stack.run, "dead-letters", "list")
    refused = await asyncio.to_thread(
        subprocess.run,
        stack.command("dead-letters", "redrive", letter["id"]),
        env=stack.environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "It was handled at" in refused.stderr


async def test_services_and_consumers_are_seen_though_one_is_away(
    market: Marketplace, stack: Stack, admin: Account
) -> None:
    async def seen() -> dict[str, str]:
        answer = await market.client.get("/v1/ops/services", headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return {each["name"]: each["status"] for each in answer.json()["items"]}

    await eventually(market.is_ready, timeout_s=30)
    assert set((await seen()).values()) == {"ready"}
    consumers = await market.client.get("/v1/ops/consumers", headers=admin.headers)
    assert consumers.json()["unavailable"] == []
    assert {(each["name"], each["stream"]) for each in consumers.json()["items"]} == {
        ("catalog", "SOKO_IDENTITY"),
        ("notifications", "SOKO_IDENTITY"),
        ("notifications", "SOKO_ORDERS"),
        ("notifications", "SOKO_PAYMENTS"),
        ("orders", "SOKO_IDENTITY"),
        ("orders", "SOKO_PAYMENTS"),
        ("payments", "SOKO_ORDERS"),
    }
    with stack.frozen("catalog"):
        assert (await seen())["catalog"] == "unavailable"
        for path in ("consumers", "dead-letters"):
            answer = await market.client.get(f"/v1/ops/{path}", headers=admin.headers)
            assert (answer.status_code, answer.json()["unavailable"]) == (200, ["catalog"])
    await eventually(market.is_ready, timeout_s=30)
