"""Carts and orders."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from gateway.documents.values import Address, Document, Money


class Totals(Document):
    """Sums; total = subtotal - discount + shipping + tax + duty."""

    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    duty: Money
    tax_included: Money
    total: Money


class Item(Document):
    """A line of a cart."""

    id: str
    variant_id: str
    product_id: str
    seller_id: str
    title: str
    sku: str
    quantity: int
    unit_price: Money
    line_total: Money


class Cart(Document):
    """A cart."""

    id: str
    token: str | None = Field(default=None, description="A guest's, only on creation")
    status: str = Field(description="open, checked_out")
    currency: str
    items: list[Item]
    totals: Totals
    email: str | None = None
    shipping_address: Address | None = None
    version: int


class OrderItem(Item):
    """A line of an order."""

    seller_order_id: str
    cancelled_quantity: int | None = Field(
        default=None, description="Units of it that the seller cancelled; absent for none"
    )


class OrderSeller(Document):
    """The seller of a part of an order."""

    id: str
    name: str


class SellerOrder(Document):
    """A seller's part of an order."""

    id: str
    seller: OrderSeller
    status: str
    fulfilment_status: str
    totals: Totals


class NextAction(Document):
    """What the buyer must do to pay."""

    type: str = Field(description="sandbox, redirect, stk_push")
    payment_id: str
    url: str | None = None
    expires_at: datetime


class ShipmentItem(Document):
    """Units of a line in a parcel."""

    item_id: str
    quantity: int


class ShipmentEvent(Document):
    """What happened to a parcel."""

    status: str
    occurred_at: datetime
    location: str | None = None


class Shipment(Document):
    """A parcel."""

    id: str
    order_id: str
    seller_order_id: str
    carrier: str
    tracking_number: str | None
    status: str = Field(
        description="created, in_transit, out_for_delivery, delivered, failed, returned"
    )
    items: list[ShipmentItem]
    events: list[ShipmentEvent]


class Order(Document):
    """An order."""

    id: str
    number: str
    status: str = Field(description="pending, awaiting_payment, confirmed, completed, cancelled")
    payment_status: str
    fulfilment_status: str
    cancel_reason: str | None = None
    items: list[OrderItem]
    seller_orders: list[SellerOrder]
    totals: Totals
    currency: str
    email: str
    shipping_address: Address
    shipments: list[Shipment]
    payment_id: str | None = None
    next_action: NextAction | None = None
    expires_at: datetime | None = None
    token: str | None = Field(default=None, description="A guest's, only in checkout answers")
    cart_id: str | None = None
    created_at: datetime
    updated_at: datetime
    version: int


class Orders(Document):
    """A page of orders."""

    items: list[Order]
    next_cursor: str | None


class TimelineEntry(Document):
    """Something that happened to an order."""

    at: datetime
    kind: str = Field(description="step, event, payment, notice, shipment")
    name: str
    status: str | None = None
    detail: dict[str, str]
    trace_id: str


class Timeline(Document):
    """What an order went through, oldest first."""

    items: list[TimelineEntry]
