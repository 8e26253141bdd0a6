"""An order: what was bought, from whom, for how much, and how far it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from orders.domain.address import Address
from orders.domain.cart import Cart, CartItem
from orders.domain.errors import OrderNotCancellable
from orders.domain.money import Totals, totals_of
from orders.domain.shipment import Shipment
from orders.domain.statuses import (
    CANCELLED,
    PENDING,
    move_order,
)

NewId = Callable[[str], str]
"""Gives a new TypeID with a prefix."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line with its shares of the order's sums, in minor units; ids are TypeIDs."""

    id: str
    seller_order_id: str
    variant_id: str
    product_id: str
    seller_id: str
    category_id: str
    title: str
    sku: str
    quantity: int
    unit_price_minor: int
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    duty_minor: int = 0
    tax_included_minor: int = 0

    @property
    def line_total_minor(self) -> int:
        """The unit price times the quantity."""
        return self.unit_price_minor * self.quantity


@dataclass(frozen=True, slots=True)
class SellerOrder:
    """One seller's part of an order."""

    id: str
    seller_id: str
    seller_name: str
    status: str
    fulfilment_status: str
    totals: Totals


_WORD = re.compile(r"[a-z0-9_]{1,64}")


def told_reason(reason: str) -> str:
    """Return why an order was cancelled as others are told.

    A buyer's own words may hold anything: only a plain word leaves this service.
    """
    return reason if not reason or _WORD.fullmatch(reason) else "other"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Units of a seller's part that will not be delivered."""

    id: str
    """TypeID (shp_): it takes units as a parcel does, and has its row among them."""
    order_id: str
    seller_order_id: str
    seller_id: str
    units: Mapping[str, int]
    """Units by the id of the order's line."""
    reason: str
    restock: bool
    """Whether the units go back on sale."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NextAction:
    """What the buyer must do to pay."""

    type: str
    payment_id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a checkout was refused, kept so that its key replays the same answer."""

    kind: str
    code: str
    detail: str
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """An order; every change makes a new one with the next version."""

    id: str
    cart_id: str
    number: str
    account_id: str
    """The buyer's account; empty for a guest."""
    token_generation: int
    """Which of the guest's secrets is valid; 0 for an account's order."""
    status: str
    payment_status: str
    fulfilment_status: str
    cancel_reason: str
    currency: str
    email: str
    locale: str
    shipping_address: Address
    lines: tuple[OrderLine, ...]
    seller_orders: tuple[SellerOrder, ...]
    totals: Totals
    payment_id: str
    payment_sequence: int
    """Which event of its payment changed it last; 0 for none."""
    next_action: NextAction | None
    refusal: Refusal | None
    expires_at: datetime | None
    """When an unpaid order is cancelled; None once it is decided."""
    confirmed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    shipments: tuple[Shipment, ...] = ()
    """Parcels of all sellers, the first shipped first."""
    cancellations: tuple[Cancellation, ...] = ()
    """What sellers cannot deliver, the first told first."""

    @property
    def undecided(self) -> bool:
        """Whether it is neither confirmed nor cancelled yet."""
        return self.expires_at is not None

    def require_cancellable(self) -> None:
        """Raise OrderNotCancellable once it is cancelled, completed or a parcel is on its way."""
        back = {"unfulfilled", "returned"}
        shipped = any(part.fulfilment_status not in back for part in self.seller_orders)
        if self.status in {CANCELLED, "completed"} or shipped:
            raise OrderNotCancellable(status=self.status)

    def shipment(self, shipment_id: str) -> Shipment | None:
        """Return one of its parcels."""
        return next((each for each in self.shipments if each.id == shipment_id), None)

    def cancelled_units(self, line_id: str) -> int:
        """Return how many units of a line its seller cancelled."""
        return sum(each.units.get(line_id, 0) for each in self.cancellations)

    def moved(self, status: str, now: datetime, **changes: object) -> Order:
        """Move to another status, the sellers' parts with it; raises IllegalTransition."""
        move_order(self.status, status)
        parts = tuple(replace(part, status=status) for part in self.seller_orders)
        return self.changed(now, status=status, seller_orders=parts, **changes)

    def changed(self, now: datetime, **changes: object) -> Order:
        """Change fields that no table guards."""
        order: Order = replace(self, updated_at=now, version=self.version + 1, **changes)  # type: ignore[arg-type]
        return order

    def seen_by(self, seller_id: str) -> Order:
        """Return what one seller may see: its own part and lines, and where to ship."""
        part = next(part for part in self.seller_orders if part.seller_id == seller_id)
        return replace(
            self,
            status=part.status,
            fulfilment_status=part.fulfilment_status,
            lines=tuple(line for line in self.lines if line.seller_id == seller_id),
            seller_orders=(part,),
            shipments=tuple(each for each in self.shipments if each.seller_id == seller_id),
            cancellations=tuple(each for each in self.cancellations if each.seller_id == seller_id),
            totals=part.totals,
            account_id="",
            cart_id="",
            email="",
            payment_id="",
            next_action=None,
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """What placing an order needs besides its cart."""

    number: str
    email: str
    locale: str
    shipping_address: Address
    expires_at: datetime
    now: datetime


def place(cart: Cart, placement: Placement, new_id: NewId) -> Order:
    """Return the order that a cart becomes: lines, and one part per seller."""
    part_ids: dict[str, str] = {}
    for item in cart.items:
        if item.seller_id not in part_ids:
            part_ids[item.seller_id] = new_id("sor")
    lines = tuple(_line(item, part_ids[item.seller_id], new_id("item")) for item in cart.items)
    return Order(
        id=new_id("ord"),
        cart_id=cart.id,
        number=placement.number,
        account_id=cart.account_id,
        token_generation=0 if cart.account_id else 1,
        status=PENDING,
        payment_status="none",
        fulfilment_status="unfulfilled",
        cancel_reason="",
        currency=cart.currency,
        email=placement.email,
        locale=placement.locale,
        shipping_address=placement.shipping_address,
        lines=lines,
        seller_orders=tuple(
            _part(cart, seller_id, part_id)
            for seller_id, part_id in sorted(part_ids.items(), key=lambda pair: pair[1])
        ),
        totals=cart.totals,
        payment_id="",
        payment_sequence=0,
        next_action=None,
        refusal=None,
        expires_at=placement.expires_at,
        confirmed_at=None,
        created_at=placement.now,
        updated_at=placement.now,
        version=1,
    )


def _line(item: CartItem, part_id: str, line_id: str) -> OrderLine:
    return OrderLine(
        id=line_id,
        seller_order_id=part_id,
        variant_id=item.variant_id,
        product_id=item.product_id,
        seller_id=item.seller_id,
        category_id=item.category_id,
        title=item.title,
        sku=item.sku,
        quantity=item.quantity,
        unit_price_minor=item.unit_price_minor,
    )


def _part(cart: Cart, seller_id: str, part_id: str) -> SellerOrder:
    own = [item for item in cart.items if item.seller_id == seller_id]
    return SellerOrder(
        id=part_id,
        seller_id=seller_id,
        seller_name=own[0].seller_name,
        status=PENDING,
        fulfilment_status="unfulfilled",
        totals=totals_of(item.line_total_minor for item in own),
    )
