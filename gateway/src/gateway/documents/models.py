"""What clients get, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """A member may be added at any time: clients ignore what they do not know."""

    model_config = ConfigDict(extra="allow", json_schema_serialization_defaults_required=False)


class Money(Document):
    """An amount in the minor unit of its currency."""

    amount_minor: int = Field(examples=[129900])
    currency: str = Field(description="ISO 4217", examples=["KES"])


class Address(Document):
    """A postal address."""

    name: str = Field(examples=["Wanjiru Kamau"])
    line1: str = Field(examples=["14 Biashara Street"])
    line2: str | None = None
    city: str = Field(examples=["Nairobi"])
    region: str | None = None
    postal_code: str | None = Field(default=None, examples=["00100"])
    country: str = Field(examples=["KE"])
    phone: str | None = None


class FieldProblem(Document):
    """One thing that is wrong with a request."""

    detail: str
    pointer: str = Field(description="JSON pointer (RFC 6901)", examples=["/items/0/quantity"])


class Problem(Document):
    """An error (RFC 9457); some have further members, such as `service`, `lines` or `order_id`."""

    type: str = Field(examples=["urn:soko:problem:not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str
    instance: str = Field(examples=["/v1/orders/ord_01h455vb4pex5vsknk084sn02q"])
    code: str = Field(description="Stable, snake_case", examples=["not_found"])
    trace_id: str = Field(description="32 hex digits, as in the logs")
    errors: list[FieldProblem] | None = None


class SellerMembership(Document):
    """A seller that the account works for."""

    id: str
    slug: str
    name: str
    role: str = Field(description="owner, manager, fulfilment, finance, viewer")


class Account(Document):
    """An account."""

    id: str = Field(examples=["usr_01h455vb4pex5vsknk084sn02q"])
    email: str
    name: str
    locale: str = Field(examples=["sw-KE"])
    roles: list[str] = Field(examples=[["buyer"]])
    sellers: list[SellerMembership]


class Tokens(Document):
    """The tokens of a session."""

    access_token: str
    refresh_token: str
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="Seconds", examples=[600])


class Registered(Tokens):
    """A new account with its first session."""

    user: Account


class Seller(Document):
    """A seller."""

    id: str
    slug: str
    name: str
    country: str
    currency: str
    timezone: str
    status: str = Field(description="active, suspended")
    created_at: datetime


class Member(Document):
    """A member of a seller."""

    user_id: str
    email: str
    name: str
    role: str


class Members(Document):
    """The members of a seller."""

    items: list[Member]


class Location(Document):
    """A place that holds stock."""

    id: str
    name: str
    country: str
    is_default: bool


class Locations(Document):
    """The places that hold a seller's stock."""

    items: list[Location]


class SellerSummary(Document):
    """Who sells a product."""

    id: str
    name: str
    slug: str


class CategorySummary(Document):
    """A product's category."""

    id: str
    name: str
    slug: str


class Category(CategorySummary):
    """A category with its subcategories."""

    children: list[Category]


class Categories(Document):
    """The category tree."""

    items: list[Category]


class Option(Document):
    """An option that variants differ by."""

    name: str
    values: list[str]


class Renditions(Document):
    """Addresses of a picture in three sizes."""

    thumb: str
    card: str
    full: str


class Media(Document):
    """A picture."""

    id: str
    alt: str
    renditions: Renditions


class Rating(Document):
    """The average of a product's reviews."""

    average: float = Field(description="0 without reviews")
    count: int


class Variant(Document):
    """What is bought, priced and stocked."""

    id: str
    sku: str
    title: str
    options: dict[str, str]
    price: Money | None = Field(description="In the currency asked for; null without one")
    prices: list[Money] = Field(description="One per currency")
    compare_at_price: Money | None = None
    weight_g: int | None = None
    available: int = Field(description="Units that can be bought now")


class Product(Document):
    """A product."""

    id: str
    slug: str
    title: str
    description: str
    status: str = Field(description="draft, active, archived")
    seller: SellerSummary
    category: CategorySummary
    options: list[Option]
    variants: list[Variant]
    media: list[Media]
    attributes: dict[str, Any]
    rating: Rating
    external_id: str | None = None
    created_at: datetime
    updated_at: datetime
    version: int


class ProductSummary(Document):
    """A product as a list shows it."""

    id: str
    slug: str
    title: str
    seller: SellerSummary
    price_from: Money | None
    media: Media | None
    rating: Rating
    available: bool


class FacetValue(Document):
    """A value of a facet."""

    value: str = Field(description="What to filter by")
    label: str
    count: int


class Facets(Document):
    """How many products each filter would leave."""

    category: list[FacetValue] | None = None
    seller: list[FacetValue] | None = None


class Products(Document):
    """A page of products."""

    items: list[ProductSummary]
    next_cursor: str | None
    facets: Facets | None = None


class Stock(Document):
    """The stock of a variant at a location."""

    variant_id: str
    location_id: str
    on_hand: int
    reserved: int
    available: int
    version: int


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
    shipments: list[dict[str, Any]]
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


class Attempt(Document):
    """One try at the provider."""

    id: str
    status: str
    code: str | None = None
    created_at: datetime


class Payment(Document):
    """A payment of an order."""

    id: str
    order_id: str
    provider: str
    status: str
    amount: Money
    captured: Money
    refunded: Money
    attempts: list[Attempt]
    created_at: datetime


class Payments(Document):
    """The payments of an order."""

    items: list[Payment]


class PaymentMethod(Document):
    """A way to pay."""

    type: str
    name: str


class PaymentMethods(Document):
    """The ways to pay."""

    items: list[PaymentMethod]


class Refund(Document):
    """A refund."""

    id: str
    order_id: str
    amount: Money
    status: str = Field(description="pending, succeeded, failed")
    reason: str
    created_at: datetime


class LedgerAccount(Document):
    """An account of the ledger."""

    id: str
    kind: str
    owner: str
    currency: str
    balance: Money = Field(description="Debits minus credits")


class LedgerAccounts(Document):
    """A page of ledger accounts."""

    items: list[LedgerAccount]
    next_cursor: str | None


class LedgerAccountName(Document):
    """The account of an entry."""

    id: str
    kind: str
    owner: str


class LedgerEntry(Document):
    """One side of a transaction; a positive amount is a debit."""

    id: str
    transaction_id: str
    event: str
    account: LedgerAccountName
    amount: Money
    order_id: str | None = None
    created_at: datetime


class LedgerEntries(Document):
    """A page of ledger entries."""

    items: list[LedgerEntry]
    next_cursor: str | None


class Notification(Document):
    """A notification."""

    id: str
    kind: str
    title: str
    body: str
    subject_id: str | None = None
    read: bool
    created_at: datetime


class Notifications(Document):
    """A page of the inbox."""

    items: list[Notification]
    next_cursor: str | None
    unread: int


class Ticket(Document):
    """A single-use ticket for a WebSocket, good for 60 seconds."""

    ticket: str


class JsonWebKeySet(Document):
    """The keys that access tokens are verified with (RFC 7517)."""

    keys: list[dict[str, Any]]


class Check(Document):
    """The state of one thing that the gateway needs."""

    ok: bool
    detail: str | None = None


class Readiness(Document):
    """Whether the gateway serves."""

    status: str = Field(description="ready, degraded, starting, draining")
    checks: dict[str, Check]
