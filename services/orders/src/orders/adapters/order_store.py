"""Orders and their sagas in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from psycopg import errors

from chassis.context import current_traceparent
from chassis.database import Statements
from chassis.ids import format_id, parse_id
from orders.adapters import order_statements as sql
from orders.adapters.cart_store import answer_params, items_text
from orders.adapters.event_messages import outgoing
from orders.adapters.order_rows import (
    checkout_of,
    ids_of,
    order_of,
    place_params,
    saga_params,
    save_params,
)
from orders.app.ports import Key, PaymentNews, Placed, StoredAnswer
from orders.domain.cart import Cart, CartItem
from orders.domain.checkout import Checkout, Event, Transition
from orders.domain.order import Order

_NO_EVENT = {
    "event_id": None,
    "event_name": "",
    "event_aggregate": "",
    "event_payload": b"",
    "event_traceparent": "",
}


class PostgresCheckouts:
    """CheckoutStore on PostgreSQL; ``told`` is called after an event was written."""

    def __init__(self, db: Statements, told: Callable[[], None]) -> None:
        self._db = db
        self._told = told

    async def place(self, cart: Cart, checkout: Checkout, key: Key) -> Placed:
        """Store order, saga, key and event, if the cart is open and still this version."""
        params = place_params(cart, checkout, key)
        params.update(_event_params("order_placed", checkout.order))
        try:
            row = await self._db.fetch_one(sql.PLACE, params)
        except errors.UniqueViolation as error:
            return _collision(error)
        if row is None:
            return Placed.CART_CHANGED
        self._told()
        return Placed.PLACED

    async def load(self, order_id: str) -> Checkout | None:
        """Return an order and its saga."""
        row = await self._db.fetch_one(sql.LOAD, {"id": parse_id("ord", order_id)})
        return checkout_of(row) if row else None

    async def save(self, transition: Transition, answer: StoredAnswer | None = None) -> bool:
        """Store a transition with its event; return False if another one came before it."""
        if not transition.order_changed:
            return await self._db.execute(sql.SAVE_SAGA, saga_params(transition)) == 1
        order = transition.after.order
        params = save_params(transition)
        if transition.event:
            params.update(_event_params(transition.event, order))
        else:
            params.update(_NO_EVENT)
        statement = sql.SAVE_PAYMENT
        if answer is not None:
            statement = sql.SAVE_STATUS_AND_ANSWER
            params.update(answer_params(answer))
        elif order.status != transition.before.order.status:
            statement = sql.SAVE_STATUS
        if await self._db.fetch_one(statement, params) is None:
            return False
        if transition.event:
            self._told()
        return True

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
        told = [outgoing(t.event, t.after.order) if t.event else None for t in transitions]
        orders = [transition.before.order for transition in transitions]
        traceparents = [transition.before.saga.traceparent for transition in transitions]
        payloads = [event.message.SerializeToString() if event else None for event in told]
        params = {
            "ids": ids_of("ord", [order.id for order in orders]),
            "versions": [order.version for order in orders],
            "event_ids": [event.id if event else None for event in told],
            "aggregates": [order.id for order in orders],
            "payloads": payloads,
            "traceparents": traceparents,
            "now": max(transition.after.order.updated_at for transition in transitions),
        }
        if await self._db.fetch_all(sql.SAVE_SETTLED, params):
            self._told()

    async def touched_by(self, news: Sequence[PaymentNews]) -> frozenset[str]:
        """Return the orders that the news may change; most of it tells what is known."""
        params = {
            "ids": ids_of("ord", [each.order_id for each in news]),
            "statuses": [each.status for each in news],
        }
        rows = await self._db.fetch_all(sql.TOUCHED_BY, params)
        return frozenset(format_id("ord", row["id"]) for row in rows)

    async def claim_due(self, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        """Take sagas whose time has come; until ``until`` no other worker takes them."""
        params = {"now": now, "until": until, "limit": limit}
        return [checkout_of(row) for row in await self._db.fetch_all(sql.CLAIM_DUE, params)]


class PostgresOrders:
    """OrderReader on PostgreSQL."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def load(self, order_id: str) -> Order | None:
        """Return an order."""
        row = await self._db.fetch_one(sql.LOAD, {"id": parse_id("ord", order_id)})
        return order_of(row) if row else None

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


def _event_params(name: Event, order: Order) -> dict[str, object]:
    params = outgoing(name, order).params()
    params["event_traceparent"] = params["event_traceparent"] or current_traceparent()
    return params


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
