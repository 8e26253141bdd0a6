"""The answer to a keyed request is stored by the statement that has its effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.database import Database
from orders.app.ports import Key, Placed, StoredAnswer
from orders.domain import checkout as moves
from services.orders.tests.builders import NOW, an_id, make_cart, make_key, make_variant, place_from
from services.orders.tests.conftest import postgres_stores

LATER = NOW + timedelta(seconds=1)


async def running_key(db: Database) -> Key:
    """A key as it stands while its first request runs, or after that crashed."""
    key = make_key(key=an_id("k"))
    await db.execute(
        "INSERT INTO idempotency_key (scope, key, fingerprint, state, locked_until)"
        " VALUES (%(scope)s, %(key)s, %(print)s, 'running', now() + interval '30 s')",
        {"scope": key.scope, "key": key.key, "print": key.fingerprint},
    )
    return key


async def stored(db: Database, key: Key) -> tuple[str, bytes | None]:
    sql = "SELECT state, response FROM idempotency_key WHERE key = %(key)s"
    row = await db.fetch_one(sql, {"key": key.key})
    assert row is not None
    return row["state"], row["response"]


async def test_a_changed_cart_stores_its_answer(orders_db: Database) -> None:
    stores, key, cart = postgres_stores(orders_db), await running_key(orders_db), make_cart()
    await stores.carts.create(cart, NOW)
    changed = cart.with_email("new@soko.example")
    assert await stores.carts.save(changed, LATER, StoredAnswer(key, b"answer"))
    assert await stored(orders_db, key) == ("succeeded", b"answer")


async def test_a_change_that_came_too_late_stores_no_answer(orders_db: Database) -> None:
    stores, key, cart = postgres_stores(orders_db), await running_key(orders_db), make_cart()
    await stores.carts.create(cart, NOW)
    stale = replace(cart.with_email("new@soko.example"), version=9)
    assert not await stores.carts.save(stale, LATER, StoredAnswer(key, b"answer"))
    assert await stored(orders_db, key) == ("running", None)


@pytest.mark.parametrize("first", [True, False])
async def test_a_cancelled_order_stores_its_answer(orders_db: Database, first: bool) -> None:
    stores, key = postgres_stores(orders_db), await running_key(orders_db)
    cart = make_cart(make_variant())
    checkout = place_from(cart)
    await stores.carts.create(cart, NOW)
    assert await stores.checkouts.place(cart, checkout, make_key()) is Placed.PLACED
    if not first:
        assert await stores.checkouts.save(moves.cancel(checkout, "before", LATER))
    cancelled = moves.cancel(checkout, "changed_mind", LATER)
    answer = StoredAnswer(key, b"answer")
    assert await stores.checkouts.save(cancelled, answer) is first
    assert await stored(orders_db, key) == (
        ("succeeded", b"answer") if first else ("running", None)
    )
