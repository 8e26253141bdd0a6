"""Orders and their sagas in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from psycopg import errors

from chassis.batching import Batcher
from chassis.database import Row, Statements
from chassis.failpoints import failpoint
from chassis.ids import format_id, parse_id
from orders.adapters import order_statements as sql
from orders.adapters.cart_store import answer_params, items_text, reader_params
from orders.adapters.order_rows import (
    checkout_of,
    end_record,
    event_record,
    id_array,
    move_record,
    order_of,
    place_record,
    saga_params,
)
from orders.adapters.shipment_rows import json_text
from orders.app.ports import Holder, Key, Placed, StoredAnswer, Unpaid
from orders.app.reader import EVERYTHING, Reader
from orders.domain.cart import Cart, CartItem
from orders.domain.checkout import Checkout, Transition
from orders.domain.order import Order
from orders.domain.outcomes import PaymentNews

_Record = dict[str, object]


class PostgresCheckouts:
    """CheckoutStore on PostgreSQL; ``told`` is called after an event was written.

    Callers that meet share a statement.
    """

    def __init__(self, db: Statements, told: Callable[[], None]) -> None:
        self._db = db
        self._told = told
        self._placings: Batcher[_Record, Placed] = Batcher(self._place_all)
        self._moves: Batcher[_Record, bool] = Batcher(self._move_all)

    async def place(
        self, cart: Cart, checkout: Checkout, key: Key, holder: Holder | None = None
    ) -> Placed:
        """Store order, saga, key and event, if the cart is open and still this version."""
        record = place_record(cart, checkout, key, holder)
        record.update(event_record("order_placed", checkout.order, checkout.saga.traceparent))
        try:
            return await self._placings.submit(record)
        except errors.UniqueViolation as error:
            return _collision(error)

    async def _place_all(self, records: Sequence[_Record]) -> Sequence[Placed]:
        holders = {str(each["holder"]) for each in records if each["holder"] is not None}
        params = {
            "orders": json_text(records),
            "cart_ids": id_array(record["cart_id"] for record in records),
            "holders": id_array(sorted(holders)),
        }
        failpoint("place.before_commit")
        outcomes = {row["id"]: _placed(row) for row in await self._db.fetch_all(sql.PLACE, params)}
        failpoint("place.after_commit")
        if Placed.PLACED in outcomes.values():
            self._told()
        return [outcomes[record["id"]] for record in records]

    async def unpaid_of(self, holder: Holder, cart_id: str) -> Sequence[Unpaid]:
        """Return what a holder holds unpaid but for a cart's own, what ends first before."""
        params = {"holder": holder.key, "cart_id": parse_id("cart", cart_id)}
        return [
            Unpaid(format_id("ord", row["id"]), row["held_units"], row["expires_at"])
            for row in await self._db.fetch_all(sql.UNPAID_OF, params)
        ]

    async def load(self, order_id: str, reader: Reader = EVERYTHING) -> Checkout | None:
        """Return an order and its saga."""
        row = await self._db.fetch_one(sql.LOAD, _wanted([(order_id, reader)]))
        return checkout_of(row) if row else None

    async def save(self, transition: Transition, answer: StoredAnswer | None = None) -> bool:
        """Store a transition with its event; return False if another one came before it."""
        if not transition.order_changed:
            return await self._db.execute(sql.SAVE_SAGA, saga_params(transition)) == 1
        record = move_record(transition)
        if answer is not None:
            extra = answer_params(answer)
            return (await self._move(sql.SAVE_STATUS_AND_ANSWER, [record], extra))[0]
        if transition.after.order.status == transition.before.order.status:
            return (await self._move(sql.SAVE_PAYMENT, [record], {}))[0]
        return await self._moves.submit(record)

    async def _move_all(self, records: Sequence[_Record]) -> Sequence[bool]:
        return await self._move(sql.SAVE_STATUS, records, {})

    async def _move(
        self, statement: str, records: Sequence[_Record], extra: dict[str, object]
    ) -> Sequence[bool]:
        for place, record in enumerate(records):
            record["place"] = place
        params = {
            **extra,
            "moves": json_text(records),
            "ids": id_array(record["id"] for record in records),
        }
        failpoint("move.before_commit")
        saved = {row["place"] for row in await self._db.fetch_all(statement, params)}
        failpoint("move.after_commit")
        if saved:
            self._told()
        return [place in saved for place in range(len(records))]

    async def finish_compensation(
        self, transition: Transition, *, reopen: bool, items: Sequence[CartItem] | None
    ) -> bool:
        """Store the end of a compensation; the cart reopens with it, with new lines if given."""
        params = saga_params(transition)
        if not reopen:
            return await self._db.fetch_one(sql.FINISH_COMPENSATION, params) is not None
        params["now"] = transition.after.order.updated_at
        params["items"] = items_text(items) if items is not None else None
        return await self._db.fetch_one(sql.FINISH_AND_REOPEN, params) is not None

    async def save_settled(self, transitions: Sequence[Transition]) -> None:
        """Store the ends of many sagas in one statement; those that moved on are left alone."""
        records = [end_record(transition) for transition in transitions]
        params = {
            "ends": json_text(records),
            "ids": id_array(record["id"] for record in records),
        }
        failpoint("settle.before_commit")
        if await self._db.fetch_all(sql.SAVE_SETTLED, params):
            self._told()

    async def claim_due(self, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        """Take sagas whose time has come; until ``until`` no other worker takes them."""
        params = {"now": now, "until": until, "limit": limit}
        return [checkout_of(row) for row in await self._db.fetch_all(sql.CLAIM_DUE, params)]


class PostgresPaymentNews:
    """PaymentNewsStore on PostgreSQL, in the transaction that records the events as seen."""

    def __init__(self, session: Statements) -> None:
        self._session = session

    async def touched_by(self, news: Sequence[PaymentNews]) -> frozenset[str]:
        """Return the orders that the news may change; most of it tells what is known."""
        records = [
            {
                "id": parse_id("ord", each.order_id),
                "status": each.status,
                "sequence": each.sequence,
                "goes_back": each.goes_back,
            }
            for each in news
        ]
        params = {
            "news": json_text(records),
            "ids": id_array(record["id"] for record in records),
        }
        rows = await self._session.fetch_all(sql.TOUCHED_BY, params)
        return frozenset(format_id("ord", row["id"]) for row in rows)

    async def load(self, order_id: str) -> Checkout | None:
        """Return an order and its saga."""
        row = await self._session.fetch_one(sql.LOAD, _wanted([(order_id, EVERYTHING)]))
        return checkout_of(row) if row else None

    async def save(self, transition: Transition) -> bool:
        """Store a transition with its event; return False if another one came before it."""
        same = transition.after.order.status == transition.before.order.status
        statement = sql.SAVE_PAYMENT if same else sql.SAVE_STATUS
        record = {**move_record(transition), "place": 0}
        params = {"moves": json_text([record]), "ids": id_array([record["id"]])}
        return await self._session.fetch_one(statement, params) is not None


class PostgresOrders:
    """OrderReader on PostgreSQL."""

    def __init__(self, db: Statements) -> None:
        self._db = db
        self._looks: Batcher[tuple[str, Reader], Order | None] = Batcher(self._load_all)

    async def load(self, order_id: str, reader: Reader) -> Order | None:
        """Return an order."""
        return await self._looks.submit((order_id, reader))

    async def _load_all(self, wanted: Sequence[tuple[str, Reader]]) -> Sequence[Order | None]:
        rows = await self._db.fetch_all(sql.LOAD, _wanted(wanted))
        found = {row["place"]: order_of(row) for row in rows}
        return [found.get(place) for place in range(len(wanted))]

    async def page_of_account(
        self, account_id: str, before_id: str | None, limit: int
    ) -> Sequence[Order]:
        """Return an account's orders before an order id, newest first."""
        params = {
            "account_id": parse_id("usr", account_id),
            "before": parse_id("ord", before_id) if before_id else None,
            "limit": limit,
        }
        return [order_of(row) for row in await self._db.fetch_all(sql.PAGE_OF_ACCOUNT, params)]

    async def page_of_seller(
        self, seller_id: str, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Order]:
        """Return orders with lines of a seller that were confirmed, newest first."""
        params = {
            "seller_id": parse_id("sel", seller_id),
            "before_at": before[0] if before else None,
            "before_id": parse_id("ord", before[1]) if before else None,
            "limit": limit,
        }
        return [order_of(row) for row in await self._db.fetch_all(sql.PAGE_OF_SELLER, params)]


def _wanted(wanted: Sequence[tuple[str, Reader]]) -> dict[str, object]:
    """Return the parameters of sql.LOAD."""
    records = [
        {"place": place, "id": parse_id("ord", order_id), **reader_params(reader)}
        for place, (order_id, reader) in enumerate(wanted)
    ]
    return {
        "wanted": json_text(records),
        "ids": id_array(record["id"] for record in records),
    }


def _placed(row: Row) -> Placed:
    """Return what became of one order of a placing statement."""
    if row["sequence"] is not None:
        return Placed.PLACED
    return Placed.NO_ROOM if row["too_many"] else Placed.CART_CHANGED


def _collision(error: errors.UniqueViolation) -> Placed:
    """Return what a broken uniqueness means; raise what must not happen."""
    constraint = error.diag.constraint_name
    if constraint == "orders_number_key":
        return Placed.NUMBER_TAKEN
    if constraint == "checkout_key_pkey":
        return Placed.KEY_USED
    if constraint == "orders_live_of_cart":
        return Placed.CART_CHANGED
    raise error
