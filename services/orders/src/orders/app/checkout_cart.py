"""Checking out a cart: placing its order once, and taking it as far as the deadline allows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from chassis.actor import Actor
from chassis.clock import Clock
from chassis.ids import format_id, new_id
from orders.app.cart_access import require_cart
from orders.app.ports import Accounts, CartStore, CheckoutStore, Key, Placed, UsedKey, Variants
from orders.app.reader import reader_of_carts
from orders.app.reservation_cap import ReservationCap
from orders.app.run_saga import SagaRunner
from orders.domain import checkout as moves
from orders.domain.address import Address
from orders.domain.cart import OPEN, Cart
from orders.domain.checkout import Checkout
from orders.domain.errors import (
    AddressRequired,
    CartChanged,
    CartEmpty,
    CheckoutInFlight,
    EmailRequired,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    NotFound,
    PriceChanged,
    TooManyAttempts,
)
from orders.domain.guest_token import GuestTokens
from orders.domain.order import Order, Placement, place
from orders.domain.order_number import order_number
from orders.domain.saga import COMPENSATING, PaymentMethod
from orders.domain.statuses import CANCELLED, PENDING

MAX_ATTEMPTS = 10
"""How many orders a cart may be placed as before another cart is asked for."""

IN_FLIGHT = timedelta(seconds=5)
"""How long a placed order's own request may still be about to answer."""

_TRIES = 8
_RETRY_AFTER_S = 1


@dataclass(frozen=True, slots=True)
class CheckoutCart:
    """Place a cart's order."""

    cart_id: str
    token: str
    actor: Actor
    key: Key
    method: PaymentMethod
    email: str
    shipping_address: Address | None
    expected_total: tuple[int, str] | None
    """Minor units and currency that the buyer expects to pay; None to take the cart's prices."""
    locale: str
    client_address: str
    """Where guests buy from; empty if it is not known."""
    traceparent: str
    budget_s: float
    """How long the saga may run before an answer is due."""


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """What became of it; ``refusal`` of the order is to be told instead of the order."""

    order: Order
    outcome: Literal["placed", "existing"]
    replayed: bool = False


class CheckoutCartHandler:
    """Read cart and key, check, place in one statement, run the saga."""

    def __init__(
        self,
        carts: CartStore,
        checkouts: CheckoutStore,
        runner: SagaRunner,
        variants: Variants,
        accounts: Accounts,
        tokens: GuestTokens,
        clock: Clock,
        payment_window: timedelta,
        cap: ReservationCap,
    ) -> None:
        self._carts = carts
        self._checkouts = checkouts
        self._runner = runner
        self._variants = variants
        self._accounts = accounts
        self._tokens = tokens
        self._clock = clock
        self._payment_window = payment_window
        self._cap = cap

    async def __call__(self, command: CheckoutCart) -> CheckedOut:
        """Return the order, or the one that the cart or the key stands for already.

        Raises NotFound, AddressRequired, EmailRequired, PriceChanged, CartEmpty, TooManyAttempts,
        ReservationLimit, CheckoutInFlight, IdempotencyInFlight, IdempotencyKeyReused, CartChanged.
        """
        reader = reader_of_carts(command.actor)
        for _ in range(_TRIES):
            found = await self._carts.load_for_checkout(command.cart_id, command.key, reader)
            cart, used = found or (None, None)
            cart = require_cart(cart, command.actor, command.token, self._tokens)
            if used is not None:
                return await self._replay(command.key, used)
            if cart.status != OPEN:
                return await self._existing(cart)
            checkout = await self._place(command, cart)
            if checkout is not None:
                carried = await self._runner.run(checkout, command.budget_s)
                return CheckedOut(carried.order, "placed")
        raise CartChanged

    async def _replay(self, key: Key, used: UsedKey) -> CheckedOut:
        """Answer from the order that the key's first request placed."""
        if used.fingerprint != key.fingerprint:
            raise IdempotencyKeyReused
        order = (await self._load(used.order_id)).order
        if order.status == PENDING and self._clock.now() < order.created_at + IN_FLIGHT:
            raise IdempotencyInFlight(retry_after_s=_RETRY_AFTER_S)
        return CheckedOut(order, "placed", replayed=True)

    async def _existing(self, cart: Cart) -> CheckedOut:
        """Answer another key: the order stands, or its checkout has not ended yet."""
        checkout = await self._load(cart.order_id)
        order = checkout.order
        reopening = checkout.saga.step == COMPENSATING and moves.reopens_cart(checkout)
        reopened = order.status == CANCELLED and moves.reopens_cart(checkout)
        if order.status == PENDING or reopening or reopened:
            raise CheckoutInFlight(retry_after_s=_RETRY_AFTER_S)
        return CheckedOut(order, "existing")

    async def _load(self, order_id: str) -> Checkout:
        checkout = await self._checkouts.load(order_id)
        if checkout is None:
            raise NotFound
        return checkout

    async def _place(self, command: CheckoutCart, cart: Cart) -> Checkout | None:
        """Return the placed checkout, or None to look at the cart and the key again."""
        address = command.shipping_address or cart.shipping_address
        if address is None:
            raise AddressRequired
        if not cart.items:
            raise CartEmpty
        if cart.attempts >= MAX_ATTEMPTS:
            raise TooManyAttempts(attempts=cart.attempts)
        # A cart has at most one order that lives, and is placed as it was read: what passes here is
        # all that it can hold.
        units = sum(item.quantity for item in cart.items)
        self._cap.check_cart(units)
        if not await self._is_expected(command, cart):
            return None
        email = command.email or cart.email or await self._email_of(cart)
        now = self._clock.now()
        placement = Placement(
            number=order_number(os.urandom),
            email=email,
            locale=command.locale,
            shipping_address=address,
            expires_at=now + self._payment_window,
            now=now,
        )
        order = place(cart, placement, _new_id)
        checkout = moves.begin(order, command.method, command.traceparent)
        holder = self._cap.holder(cart.account_id, command.client_address)
        placed = await self._checkouts.place(cart, checkout, command.key, holder)
        if placed is Placed.NO_ROOM and holder:
            unpaid = await self._checkouts.unpaid_of(holder, cart.id)
            self._cap.check_room(holder, unpaid, units)
        return checkout if placed is Placed.PLACED else None

    async def _is_expected(self, command: CheckoutCart, cart: Cart) -> bool:
        """Tell whether the total is the expected one; if not, look the prices up once.

        Returns False when that changed the cart, which is then to be loaded again. Raises
        PriceChanged.
        """
        total = (cart.totals.total, cart.currency)
        if command.expected_total is None or command.expected_total == total:
            return True
        found = await self._variants.find([item.variant_id for item in cart.items])
        fresh = cart.refreshed(found)
        if fresh.items != cart.items:
            if not await self._carts.save(fresh, self._clock.now()):
                return False
            total = (fresh.totals.total, fresh.currency)
            if command.expected_total == total:
                return False
        raise PriceChanged(total={"amount_minor": total[0], "currency": total[1]})

    async def _email_of(self, cart: Cart) -> str:
        email = await self._accounts.email_of(cart.account_id) if cart.account_id else ""
        if not email:
            raise EmailRequired
        return email


def _new_id(prefix: str) -> str:
    return format_id(prefix, new_id())
