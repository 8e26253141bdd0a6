"""Telling what an order went through."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chassis.actor import Actor
from orders.app.cart_access import require_order
from orders.app.ports import CheckoutStore, Told, ToldEvents
from orders.app.reader import reader_of_orders
from orders.app.seller_parts import PartOf
from orders.app.seller_staff import SellerStaff
from orders.domain.checkout import Checkout
from orders.domain.errors import NotFound
from orders.domain.guest_token import GuestTokens


@dataclass(frozen=True, slots=True)
class GetTimeline:
    """An order's history, by its id and the guest's token."""

    order_id: str
    token: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, oldest first, as far as the caller may know."""

    told: Sequence[Told]
    whole: bool
    """Whether the caller may see all of the order."""
    traceparent: str
    """Trace that the order was placed in; may be empty."""
    account_id: str
    """The buyer's, for whoever sees the whole order."""


class GetTimelineHandler:
    """The row with its steps, a seller's in a second look, and the events that were told of it."""

    def __init__(
        self,
        checkouts: CheckoutStore,
        events: ToldEvents,
        staff: SellerStaff,
        tokens: GuestTokens,
    ) -> None:
        self._checkouts = checkouts
        self._events = events
        self._staff = staff
        self._tokens = tokens

    async def __call__(self, query: GetTimeline) -> Timeline:
        """Return the history; a seller's member gets what its own part went through.

        Raises AuthenticationRequired, NotFound.
        """
        checkout = await self._checkouts.load(query.order_id, reader_of_orders(query.actor))
        order = checkout.order if checkout else None
        try:
            require_order(order, query.actor, query.token, self._tokens)
        except NotFound:
            if query.actor.kind != "account":
                raise
            which = PartOf(order_id=query.order_id)
            return await self._of_sellers(*await self._staff.order_of(query.actor, which))
        if checkout is None:
            raise NotFound
        events = await self._events.of_order(query.order_id)
        told = list(heapq.merge(_steps(checkout), events, key=lambda each: each.at))
        return Timeline(told, True, checkout.saga.traceparent, checkout.order.account_id)

    async def _of_sellers(self, checkout: Checkout, own: Collection[str]) -> Timeline:
        """Return what sellers may see: nothing of how it was paid, nothing before it stood.

        Of parcels they see their own.
        """
        order = checkout.order
        events = await self._events.of_order(order.id)
        told = [
            each
            for each in events
            if order.confirmed_at is not None
            and each.at >= order.confirmed_at
            and (each.kind != "shipment" or each.detail["seller_id"] in own)
        ]
        return Timeline(told, False, checkout.saga.traceparent, "")


def _steps(checkout: Checkout) -> list[Told]:
    return [
        Told(
            at=taken.at,
            kind="step",
            name=taken.step,
            status="",
            detail={"note": taken.note} if taken.note else {},
            trace_id=taken.trace_id,
        )
        for taken in checkout.saga.history
    ]
