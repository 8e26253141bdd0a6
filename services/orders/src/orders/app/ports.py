"""What the use cases need of the world, in their own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal, Protocol

from orders.app.reader import EVERYTHING, Reader
from orders.domain.cancellation import CancellationMove
from orders.domain.cart import Cart, CartItem
from orders.domain.checkout import Checkout, Transition
from orders.domain.fulfilment import FulfilmentMove
from orders.domain.order import Order
from orders.domain.outcomes import (
    AuthorizeOutcome,
    CaptureOutcome,
    PaymentNews,
    ReserveOutcome,
)
from orders.domain.variant import Variant


@dataclass(frozen=True, slots=True)
class Key:
    """A client's promise that a request is the same one again."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer to a request under a key, stored with the request's effect."""

    key: Key
    response: bytes


@dataclass(frozen=True, slots=True)
class UsedKey:
    """A checkout key that was used before."""

    fingerprint: str
    order_id: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose unpaid units an order adds to, and how many they may be together."""

    key: int
    """A keyed hash, 64 bits with a sign."""
    per: str
    """account or address."""
    most: int


@dataclass(frozen=True, slots=True)
class Unpaid:
    """An order that holds units before it is paid."""

    order_id: str
    units: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ShipmentRef:
    """Whose parcel a shipment is."""

    shipment_id: str
    order_id: str
    seller_id: str


@dataclass(frozen=True, slots=True)
class StockMove:
    """A parcel whose stock catalog is to be told of; units by line id."""

    shipment_id: str
    order_id: str
    step: Literal["shipping", "returning"]
    units: Mapping[str, int]
    attempts: int
    refunds: bool = False
    """Whether no parcel leaves: the units were cancelled, and their money goes back first."""
    reason: str = ""
    """Why they were cancelled."""


@dataclass(frozen=True, slots=True)
class CarrierUpdate:
    """What a carrier's webhook tells of a parcel."""

    event_id: str
    carrier: str
    tracking_number: str
    status: str
    occurred_at: datetime
    location: str


class Placed(Enum):
    """What became of an attempt to place an order."""

    PLACED = "placed"
    CART_CHANGED = "cart_changed"
    """The cart is no longer what it was: look again."""
    KEY_USED = "key_used"
    """The key was used for another cart at this moment: look again."""
    NUMBER_TAKEN = "number_taken"
    NO_ROOM = "no_room"
    """The holder's unpaid units would be too many, as far as those that came at once count."""


class CartStore(Protocol):
    """Carts, each loaded and saved as a whole."""

    async def create(self, cart: Cart, now: datetime) -> bool:
        """Store a new cart; return False if its id exists already."""
        ...

    async def load(self, cart_id: str, reader: Reader) -> Cart | None:
        """Return a cart that was not merged into another."""
        ...

    async def load_for_checkout(
        self, cart_id: str, key: Key, reader: Reader
    ) -> tuple[Cart, UsedKey | None] | None:
        """Return a cart and what is known of a checkout key."""
        ...

    async def newest_open_of(self, account_id: str) -> Cart | None:
        """Return the account's open cart that was changed last."""
        ...

    async def merged_into(self, cart_id: str, account_id: str) -> Cart | None:
        """Return the account's cart that took in a guest's cart, if it is so."""
        ...

    async def save(self, cart: Cart, now: datetime, answer: StoredAnswer | None = None) -> bool:
        """Replace an open cart's former version, with the answer; False if it is not that."""
        ...

    async def merge(self, target: Cart, guest: Cart, now: datetime) -> bool:
        """Replace the target's former version and end the guest's cart, both or neither."""
        ...


class CheckoutStore(Protocol):
    """Orders with their sagas; a save succeeds only while what was loaded still stands."""

    async def place(
        self, cart: Cart, checkout: Checkout, key: Key, holder: Holder | None = None
    ) -> Placed:
        """Store order, saga, key and event, if the cart is open and still this version.

        Of many that are placed at once, those pass that find room for the holder's units.
        """
        ...

    async def unpaid_of(self, holder: Holder, cart_id: str) -> Sequence[Unpaid]:
        """Return what a holder holds unpaid but for a cart's own, what ends first before."""
        ...

    async def load(self, order_id: str, reader: Reader = EVERYTHING) -> Checkout | None:
        """Return an order and its saga."""
        ...

    async def save(self, transition: Transition, answer: StoredAnswer | None = None) -> bool:
        """Store a transition with its event; return False if another one came before it."""
        ...

    async def finish_compensation(
        self, transition: Transition, *, reopen: bool, items: Sequence[CartItem] | None
    ) -> bool:
        """Store the end of a compensation; the cart reopens with it, with new lines if given."""
        ...

    async def save_settled(self, transitions: Sequence[Transition]) -> None:
        """Store the ends of many sagas in one statement; those that moved on are left alone."""
        ...

    async def claim_due(self, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        """Take sagas whose time has come; until ``until`` no other worker takes them."""
        ...


class PaymentNewsStore(Protocol):
    """Orders inside the transaction that also records that an event was seen."""

    async def load(self, order_id: str) -> Checkout | None:
        """Return an order and its saga."""
        ...

    async def save(self, transition: Transition) -> bool:
        """Store a transition with its event; return False if another one came before it."""
        ...

    async def touched_by(self, news: Sequence[PaymentNews]) -> frozenset[str]:
        """Return the orders that the news may change; most of it tells what is known."""
        ...


class OrderReader(Protocol):
    """Orders for reading."""

    async def load(self, order_id: str, reader: Reader) -> Order | None:
        """Return an order."""
        ...

    async def page_of_account(
        self, account_id: str, before_id: str | None, limit: int
    ) -> Sequence[Order]:
        """Return an account's orders before an order id, newest first."""
        ...

    async def page_of_seller(
        self, seller_id: str, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Order]:
        """Return orders with lines of a seller that were confirmed, newest first.

        ``before`` is when the last order of the previous page was confirmed, and its id.
        """
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened to an order."""

    at: datetime
    kind: str
    """step, event or shipment."""
    name: str
    status: str
    detail: Mapping[str, str]
    trace_id: str
    """32 hex digits; empty for the trace that the order was placed in."""


class ToldEvents(Protocol):
    """The events that were told of orders, as long as they are kept."""

    async def of_order(self, order_id: str) -> Sequence[Told]:
        """Return an order's events, oldest first."""
        ...


class ShipmentStore(Protocol):
    """Parcels; a save succeeds only while the order that was loaded still stands."""

    async def save(self, move: FulfilmentMove) -> bool:
        """Store a parcel's step with its events; return False if the order changed before it.

        The stock of a new parcel is due to leave, that of one which came back to come back; and
        carriers' updates that wait for its tracking number are due.
        """
        ...

    async def cancel(self, move: CancellationMove) -> bool:
        """Store a cancellation with its events; return False if the order changed before it.

        Its money and its stock are due to move.
        """
        ...

    async def claim_stock_moves(
        self, now: datetime, until: datetime, limit: int
    ) -> Sequence[StockMove]:
        """Take parcels whose stock is due; until ``until`` no other worker takes them."""
        ...

    async def stock_moved(self, move: StockMove, now: datetime) -> None:
        """Note that catalog moved a parcel's stock; one that came back meanwhile is due again."""
        ...

    async def stock_later(self, move: StockMove, at: datetime) -> None:
        """Note that it is to be tried again, and when."""
        ...


class CarrierInbox(Protocol):
    """Carriers' updates, each stored once."""

    async def store(self, update: CarrierUpdate, now: datetime) -> bool:
        """Store an update, due at once; return False if it came before."""
        ...

    async def claim_due(
        self, now: datetime, until: datetime, limit: int
    ) -> Sequence[tuple[CarrierUpdate, int]]:
        """Take updates that are due, with the number of tries before; the oldest first."""
        ...

    async def shipments_of(self, update: CarrierUpdate) -> Sequence[ShipmentRef]:
        """Return the parcels with the update's carrier and tracking number."""
        ...

    async def applied(self, update: CarrierUpdate) -> None:
        """Note that nothing is left to do for an update."""
        ...

    async def later(self, update: CarrierUpdate, at: datetime) -> None:
        """Note that it is to be tried again, and when."""
        ...


class ParcelStock(Protocol):
    """Catalog's stock, as far as parcels move it."""

    async def move(self, move: StockMove) -> bool:
        """Take a parcel's units off the shelf or put them back; return False until it is done."""
        ...


class Variants(Protocol):
    """Catalog's variants, as a cart must know them."""

    async def find(self, variant_ids: Sequence[str]) -> Mapping[str, Variant]:
        """Return the variants that exist; raises ServiceError when catalog does not answer."""
        ...


class Inventory(Protocol):
    """Catalog's stock; a call without a trustworthy answer is Unknown and may be repeated."""

    async def reserve(self, order: Order, until: datetime, timeout_s: float) -> ReserveOutcome:
        """Hold the stock of an order, all lines or none."""
        ...

    async def commit(self, order_ids: Sequence[str]) -> frozenset[str] | None:
        """Allocate the held stock; return the orders without a hold, or None when unknown."""
        ...

    async def release(self, order_id: str, reason: str, timeout_s: float) -> bool:
        """Give back stock for good; return False when it is unknown whether it happened."""
        ...


class Payments(Protocol):
    """The taking of money; every call is idempotent by order."""

    async def authorize(self, checkout: Checkout, timeout_s: float) -> AuthorizeOutcome:
        """Authorize an order's total, or learn what became of it."""
        ...

    async def capture(self, order_ids: Sequence[str]) -> Mapping[str, CaptureOutcome]:
        """Take the authorized money of orders; those without an answer are unknown."""
        ...

    async def refunds_in_parts(self, order_id: str) -> bool:
        """Tell whether less than all of an order's money can go back; raises ServiceError."""
        ...

    async def refund(self, move: StockMove) -> bool:
        """Refund cancelled units, or what is left of their money; return False until it is so."""
        ...

    async def cancel(self, order_id: str, reason: str, timeout_s: float) -> bool:
        """Make sure that the buyer has the money in the end; return False until it is so."""
        ...


class Accounts(Protocol):
    """Identity's accounts and sellers."""

    async def email_of(self, account_id: str) -> str:
        """Return an account's e-mail address; raises ServiceError when identity is away."""
        ...


class Sellers(Protocol):
    """Identity's sellers and who works for them."""

    async def resolve(self, id_or_slug: str) -> str:
        """Return a seller's id; raises ServiceError ``not_found``."""
        ...

    async def role_of(self, seller_id: str, account_id: str) -> str:
        """Return an account's role at a seller, empty without one; a few seconds old at most."""
        ...


class SettleQueue(Protocol):
    """Confirmed orders that are to be settled after the answer."""

    def put(self, checkout: Checkout) -> None:
        """Add an order; if the queue is full a worker finds it later."""
        ...


class Wake(Protocol):
    """The worker that resumes sagas."""

    def __call__(self) -> None:
        """Tell it that a saga is due."""
        ...


class Leftovers(Protocol):
    """What may be forgotten after its time."""

    async def forget_keys(self, before: datetime, limit: int) -> int:
        """Delete checkout keys that are older; return how many."""
        ...

    async def forget_guest_carts(self, before: datetime, limit: int) -> int:
        """Delete guests' open carts that nobody touched since; return how many."""
        ...


class DeletedAccounts(Protocol):
    """Accounts that were deleted, and what is still known of them."""

    async def remember(self, account_id: str, at: datetime) -> None:
        """Note that an account was deleted."""
        ...

    async def any_deleted(self) -> bool:
        """Tell whether anything is noted."""
        ...

    async def delete_carts(self) -> None:
        """Delete the accounts' carts that no order was made of."""
        ...

    async def anonymise_orders(self, limit: int) -> int:
        """Take the person out of at most so many orders that are over; return how many."""
        ...

    async def forget_done(self, before: datetime) -> None:
        """Forget accounts that were deleted before, of which no order is left."""
        ...
