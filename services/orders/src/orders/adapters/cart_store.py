"""Carts in PostgreSQL: one row each, replaced as a whole under its version."""

# ruff: noqa: S608 - the fragments are constants of this file.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from chassis.batching import Batcher
from chassis.database import Database
from chassis.ids import format_id, parse_id
from orders.app.ports import Key, StoredAnswer, UsedKey
from orders.app.reader import Reader
from orders.domain.address import Address
from orders.domain.cart import Cart, CartItem

_COLUMNS = """id uuid, account_id uuid, token_generation smallint, status text, currency text,
    currency_fixed boolean, country text, items jsonb, email text, shipping_address jsonb,
    version bigint, now timestamptz"""
_INSERT = f"""
INSERT INTO cart (id, account_id, token_generation, status, currency, currency_fixed, country,
    items, email, shipping_address, version, attempts, created_at, updated_at)
SELECT id, account_id, token_generation, status, currency, currency_fixed, country, items, email,
    shipping_address, version, 0, now, now
FROM jsonb_to_recordset(%(carts)s::jsonb) AS c({_COLUMNS})
ON CONFLICT (id) DO NOTHING
RETURNING id
"""
_LOAD = """
SELECT * FROM cart WHERE id = %(id)s AND status <> 'merged'
  AND (%(everything)s OR account_id IS NULL OR account_id = %(reader)s::uuid)
"""
# OFFSET 0 keeps the look at the keys a search by index for each cart, whatever the plan's age.
_LOAD_FOR_CHECKOUT = """
SELECT i.place, cart.*, k.fingerprint AS key_fingerprint, k.order_id AS key_order_id
FROM jsonb_to_recordset(%(wanted)s::jsonb) AS i(place integer, id uuid, scope text, key text,
    everything boolean, reader uuid)
JOIN cart ON cart.id = i.id
LEFT JOIN LATERAL (
    SELECT fingerprint, order_id FROM checkout_key
    WHERE checkout_key.scope = i.scope AND checkout_key.key = i.key OFFSET 0
) k ON true
WHERE cart.id = ANY (%(ids)s::uuid[]) AND cart.status <> 'merged'
  AND (i.everything OR cart.account_id IS NULL OR cart.account_id = i.reader)
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


_Record = dict[str, object]
_Found = tuple[Cart, UsedKey | None] | None


class _CartMovedError(Exception):
    """One of two carts was changed: neither is saved."""


class PostgresCarts:
    """CartStore on PostgreSQL."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._creations: Batcher[_Record, bool] = Batcher(self._create_all)
        self._looks: Batcher[tuple[str, Key, Reader], _Found] = Batcher(self._look_at_all)

    async def create(self, cart: Cart, now: datetime) -> bool:
        """Store a new cart; return False if its id exists already."""
        record = _record(cart, now)
        record["status"], record["country"] = cart.status, cart.country
        return await self._creations.submit(record)

    async def load(self, cart_id: str, reader: Reader) -> Cart | None:
        """Return a cart that was not merged into another."""
        params = {"id": parse_id("cart", cart_id), **reader_params(reader)}
        row = await self._db.fetch_one(_LOAD, params)
        return cart_of(row) if row else None

    async def load_for_checkout(
        self, cart_id: str, key: Key, reader: Reader
    ) -> tuple[Cart, UsedKey | None] | None:
        """Return a cart and what is known of a checkout key."""
        return await self._looks.submit((cart_id, key, reader))

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
        end_params = {**_params(guest, now), "target_id": parse_id("cart", target.id)}
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

    async def _create_all(self, records: Sequence[_Record]) -> Sequence[bool]:
        params = {"carts": orjson.dumps(records).decode()}
        created = {row["id"] for row in await self._db.fetch_all(_INSERT, params)}
        return [record["id"] in created for record in records]

    async def _look_at_all(self, wanted: Sequence[tuple[str, Key, Reader]]) -> Sequence[_Found]:
        records = [
            {
                "place": place,
                "id": parse_id("cart", cart_id),
                "scope": key.scope,
                "key": key.key,
                **reader_params(reader),
            }
            for place, (cart_id, key, reader) in enumerate(wanted)
        ]
        ids = "{" + ",".join(str(record["id"]) for record in records) + "}"
        params = {"wanted": orjson.dumps(records).decode(), "ids": ids}
        found: list[_Found] = [None] * len(wanted)
        for row in await self._db.fetch_all(_LOAD_FOR_CHECKOUT, params):
            found[row["place"]] = (cart_of(row), _used_key(row))
        return found


def reader_params(reader: Reader) -> dict[str, object]:
    """Return the parameters that say to whom rows are shown."""
    account_id = parse_id("usr", reader.account_id) if reader.account_id else None
    return {"everything": reader.everything, "reader": account_id}


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
    return orjson.dumps(_item_records(items)).decode()


def address_record(address: Address) -> dict[str, str]:
    """Return an address as the columns hold it."""
    return {
        "name": address.name,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code,
        "country": address.country,
        "phone": address.phone,
    }


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


def _used_key(row: Mapping[str, Any]) -> UsedKey | None:
    if row["key_order_id"] is None:
        return None
    return UsedKey(row["key_fingerprint"], format_id("ord", row["key_order_id"]))


def _item_records(items: Sequence[CartItem]) -> list[dict[str, object]]:
    return [
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


def _record(cart: Cart, now: datetime) -> _Record:
    address = cart.shipping_address
    return {
        "id": parse_id("cart", cart.id),
        "account_id": parse_id("usr", cart.account_id) if cart.account_id else None,
        "token_generation": cart.token_generation,
        "currency": cart.currency,
        "currency_fixed": cart.currency_fixed,
        "items": _item_records(cart.items),
        "email": cart.email,
        "shipping_address": address_record(address) if address else None,
        "version": cart.version,
        "now": now,
    }


def _params(cart: Cart, now: datetime) -> dict[str, object]:
    record = _record(cart, now)
    record["items"] = items_text(cart.items)
    address = record["shipping_address"]
    record["shipping_address"] = orjson.dumps(address).decode() if address else None
    return record
