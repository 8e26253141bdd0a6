"""Orders as the sellers see them that have a part in them, in PostgreSQL."""

# ruff: noqa: S608 - the fragments are constants of this code.

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from chassis.database import Statements
from chassis.ids import format_id, parse_id
from orders.adapters.order_rows import checkout_of, id_array
from orders.adapters.order_statements import DOCUMENT
from orders.app.seller_parts import Parties, PartOf
from orders.domain.checkout import Checkout

_NAMED = {
    "order_id": "part.order_id = %(order_id)s",
    "seller_order_id": "part.id = %(seller_order_id)s",
    "shipment_id": "part.id = (SELECT seller_order_id FROM shipment"
    " WHERE id = %(shipment_id)s AND status <> 'cancelled')",
}
_PREFIX = {"order_id": "ord", "seller_order_id": "sor", "shipment_id": "shp"}

# Sellers see an order from confirmed on.
_LOAD = f"""
SELECT o.*, {DOCUMENT.format(o="o")} FROM orders o
WHERE o.id = (
    SELECT part.order_id FROM seller_order part
    WHERE {{named}} AND part.seller_id = ANY (%(sellers)s::uuid[])
      AND part.confirmed_at IS NOT NULL
    LIMIT 1
)
"""
_PARTIES = """
SELECT o.account_id,
    array_agg(part.seller_id) FILTER (WHERE part.confirmed_at IS NOT NULL) AS sellers
FROM seller_order part JOIN orders o ON o.id = part.order_id
WHERE {named} GROUP BY o.id
"""


class PostgresSellerParts:
    """SellerParts on PostgreSQL."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def load(self, which: PartOf, sellers: Collection[str]) -> Checkout | None:
        """Return the order, if one of the sellers has such a part of it and it is confirmed."""
        named = _ids(which)
        owners = id_array(parse_id("sel", seller) for seller in sellers)
        sql = _statement(_LOAD, tuple(named))
        row = await self._db.fetch_one(sql, {**named, "sellers": owners})
        return checkout_of(row) if row else None

    async def parties(self, which: PartOf) -> Parties | None:
        """Return who has to do with such parts."""
        named = _ids(which)
        row = await self._db.fetch_one(_statement(_PARTIES, tuple(named)), named)
        if row is None:
            return None
        return Parties(
            account_id=format_id("usr", row["account_id"]) if row["account_id"] else "",
            sellers=frozenset(format_id("sel", each) for each in row["sellers"] or ()),
        )


def _ids(which: PartOf) -> dict[str, object]:
    given = {name: getattr(which, name) for name in _NAMED}
    return {name: parse_id(_PREFIX[name], value) for name, value in given.items() if value}


@cache
def _statement(sql: str, named: tuple[str, ...]) -> str:
    return sql.format(named=" AND ".join(_NAMED[name] for name in named))
