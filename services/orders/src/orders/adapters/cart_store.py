"""Carts in PostgreSQL: one row each, replaced as a whole under its version."""

# ruff: noqa: S608 - the fragments are constants of this file.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from chassis.database import Database
from chassis.ids import format_id, parse_id
from orders.app.ports import Key, StoredAnswer, UsedKey
from orders.domain.address import Address
from orders.domain.cart import Cart, CartItem

_INSERT = """
INSERT INTO cart (id, account_id, token_generation, status, currency, currency_fixed, country,
    items, email, shipping_address, version, attempts, created_at, updated_at)
VALUES (%(id)s, %(account_id)s, %(token_generation)s, %(status)s, %(currency)s,
    %(currency_fixed)s, %(country)s, %(items)s::jsonb, %(email)s, %(shipping_address)s::jsonb,
    %(version)s, 0, %(now)s, %(now)s)
ON CONFLICT (id) DO NOTHING
"""
_LOAD = "SELECT * FROM cart WHERE id = %(id)s AND status <> 'merged'"
_LOAD_FOR_CHECKOUT = """
SELECT cart.*, k.fingerprint AS key_fingerprint, k.order_id AS key_order_id
FROM cart LEFT JOIN checkout_key k ON k.scope = %(scope)s AND k.key = %(key)s
WHERE cart.id = %(id)s AND cart.status <> 'merged'
"""
_NEWEST_OPEN = """
SELECT * FROM cart WHERE account_id = %(account_id)s AND status = 'open'
ORDER BY updated_at DESC, id DESC LIMIT 1
"""
_MERGED_INTO = """
SELECT target.* FROM cart guest JOIN cart target ON target.id = guest.merged_into
WHERE guest.id = %(id)s AND guest.account_id = %(account_id)s AND guest.status = 'merged'
"""
_SET = """SET account_id = %(account_id)s, token_generation = %(token_generation)s,
    currency = %(currency)s, currency_fixed = %(currency_fixed)s, items = %(items)s::jsonb,
    email = %(email)s, shipping_address = %(shipping_address)s::jsonb, version = %(version)s,
    updated_at = %(now)s
WHERE id = %(id)s AND status = 'open' AND version = %(version)s - 1"""
_SAVE = f"UPDATE cart {_SET}"
_SAVE_AND_ANSWER = f"""
WITH saved AS (UPDATE cart {_SET} RETURNING id), answered AS (
    UPDATE idempotency_key SET state = 'succeeded', response = %(answer)s, locked_until = NULL
    FROM saved
    WHERE scope = %(answer_scope)s AND key = %(answer_key)s AND state = 'running'
      AND fingerprint = %(answer_fingerprint)s
)
SELECT id FROM saved
"""
_END_MERGED = """
UPDATE cart SET status = 'merged', account_id = %(account_id)s, token_generation = 0,
    merged_into = %(target_id)s, version = %(version)s, updated_at = %(now)s
WHERE id = %(id)s AND status = 'open' AND version = %(version)s - 1
"""


class _CartMovedError(Exception):
    """One of two carts was changed: neither is saved."""


class PostgresCarts:
    """CartStore on PostgreSQL."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, cart: Cart, now: datetime) -> bool:
        """Store a new cart; return False if its id exists already."""
        params = {**_params(cart, now), "status": cart.status, "country": cart.country}
        return await self._db.execute(_INSERT, params) == 1

    async def load(self, cart_id: str) -> Cart | None:
        """Return a cart that was not merged into another."""
        row = await self._db.fetch_one(_LOAD, {"id": parse_id("cart", cart_id)})
        return cart_of(row) if row else None

    async def load_for_checkout(self, cart_id: str, key: Key) -> tuple[Cart, UsedKey | None] | None:
        """Return a cart and what is known of a checkout key."""
        params = {"id": parse_id("cart", cart_id), "scope": key.scope, "key": key.key}
        row = await self._db.fetch_one(_LOAD_FOR_CHECKOUT, params)
        if row is None:
            return None
        used = None
        if row["key_order_id"] is not None:
            used = UsedKey(row["key_fingerprint"], format_id("ord", row["key_order_id"]))
        return cart_of(row), used

    async def newest_open_of(self, account_id: str) -> Cart | None:
        """Return the account's open cart that was changed last."""
        params = {"account_id": parse_id("usr", account_id)}
        row = await self._db.fetch_one(_NEWEST_OPEN, params)
        return cart_of(row) if row else None

    async def merged_into(self, cart_id: str, account_id: str) -> Cart | None:
        """Return the account's cart that took in a guest's cart, if it is so."""
        params = {"id": parse_id("cart", cart_id), "account_id": parse_id("usr", account_id)}
        row = await self._db.fetch_one(_MERGED_INTO, params)
        return cart_of(row) if row else None

    async def save(self, cart: Cart, now: datetime, answer: StoredAnswer | None = None) -> bool:
        """Replace an open cart's former version, with the answer; False if it is not that."""
        params = _params(cart, now)
        if answer is None:
            return await self._db.execute(_SAVE, params) == 1
        params.update(answer_params(answer))
        return await self._db.fetch_one(_SAVE_AND_ANSWER, params) is not None

    async def merge(self, target: Cart, guest: Cart, now: datetime) -> bool:
        """Replace the target's former version and end the guest's cart, both or neither."""
        end_params = {
            **_params(guest, now),
            "target_id": parse_id("cart", target.id),
        }
        # In id order, so that two merges of the same carts do not wait for each other.
        writes = sorted(
            [(target.id, _SAVE, _params(target, now)), (guest.id, _END_MERGED, end_params)],
            key=lambda write: write[0],
        )
        try:
            async with self._db.transaction() as session:
                for _, sql, params in writes:
                    if await session.execute(sql, params) != 1:
                        raise _CartMovedError
        except _CartMovedError:
            return False
        return True


def answer_params(answer: StoredAnswer) -> dict[str, object]:
    """Return the parameters that store an answer with its effect."""
    return {
        "answer": answer.response,
        "answer_scope": answer.key.scope,
        "answer_key": answer.key.key,
        "answer_fingerprint": answer.key.fingerprint,
    }


def items_text(items: Sequence[CartItem]) -> str:
    """Return lines as the JSON that the column ``items`` holds."""
    records = [
        {
            "id": item.id,
            "variant_id": item.variant_id,
            "product_id": item.product_id,
            "seller_id": item.seller_id,
            "seller_name": item.seller_name,
            "category_id": item.category_id,
            "title": item.title,
            "sku": item.sku,
            "quantity": item.quantity,
            "unit_price_minor": item.unit_price_minor,
        }
        for item in items
    ]
    return orjson.dumps(records).decode()


def address_text(address: Address) -> str:
    """Return an address as JSON."""
    return orjson.dumps(
        {
            "name": address.name,
            "line1": address.line1,
            "line2": address.line2,
            "city": address.city,
            "region": address.region,
            "postal_code": address.postal_code,
            "country": address.country,
            "phone": address.phone,
        }
    ).decode()


def cart_of(row: Mapping[str, Any]) -> Cart:
    """Return the cart of a row."""
    address = row["shipping_address"]
    return Cart(
        id=format_id("cart", row["id"]),
        account_id=format_id("usr", row["account_id"]) if row["account_id"] else "",
        token_generation=row["token_generation"],
        status=row["status"],
        currency=row["currency"],
        currency_fixed=row["currency_fixed"],
        country=row["country"],
        items=tuple(CartItem(**item) for item in row["items"]),
        email=row["email"],
        shipping_address=Address(**address) if address else None,
        version=row["version"],
        attempts=row["attempts"],
        order_id=format_id("ord", row["order_id"]) if row["order_id"] else "",
    )


def _params(cart: Cart, now: datetime) -> dict[str, object]:
    return {
        "id": parse_id("cart", cart.id),
        "account_id": parse_id("usr", cart.account_id) if cart.account_id else None,
        "token_generation": cart.token_generation,
        "currency": cart.currency,
        "currency_fixed": cart.currency_fixed,
        "items": items_text(cart.items),
        "email": cart.email,
        "shipping_address": address_text(cart.shipping_address) if cart.shipping_address else None,
        "version": cart.version,
        "now": now,
    }
