"""A cart: lines with the prices that the buyer was shown, changed as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from orders.domain.address import Address
from orders.domain.errors import (
    CartCheckedOut,
    CartFull,
    CurrencyMismatch,
    InsufficientStock,
    NotForSale,
    NotFound,
    QuantityOutOfRange,
)
from orders.domain.money import Totals, totals_of, within_range
from orders.domain.variant import Variant

OPEN: Final = "open"
CHECKED_OUT: Final = "checked_out"
MERGED: Final = "merged"
"""A guest's cart whose lines went into another; nobody sees it any more."""

MAX_LINES: Final = 100
MAX_QUANTITY: Final = 9_999


@dataclass(frozen=True, slots=True)
class CartItem:
    """A line; title, seller and price are as they were when it was last looked at."""

    id: str
    variant_id: str
    product_id: str
    seller_id: str
    seller_name: str
    category_id: str
    title: str
    sku: str
    quantity: int
    unit_price_minor: int

    @property
    def line_total_minor(self) -> int:
        """What the line costs."""
        return self.unit_price_minor * self.quantity


@dataclass(frozen=True, slots=True)
class Cart:
    """A guest's or an account's cart; every change makes a new one with the next version."""

    id: str
    account_id: str
    """Owner; empty for a guest's cart."""
    token_generation: int
    """Which of the guest's secrets is valid; 0 for an account's cart, which has none."""
    status: str
    currency: str
    currency_fixed: bool
    """Whether the currency was chosen, by the creator or by the first line."""
    country: str
    items: tuple[CartItem, ...]
    email: str
    shipping_address: Address | None
    version: int
    attempts: int = 0
    """How many orders were placed from it."""
    order_id: str = ""
    """The order that it last became."""

    @property
    def totals(self) -> Totals:
        """Sums of the lines; raises AmountTooLarge."""
        return totals_of(item.line_total_minor for item in self.items)

    def item(self, item_id: str) -> CartItem:
        """Return a line; raises NotFound."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise NotFound

    def add(self, variant: Variant, quantity: int, item_id: str) -> Cart:
        """Add units, merging with the line of the same variant, which takes today's price.

        A new line gets ``item_id``. The first line fixes the currency if nobody chose one.
        Raises CartCheckedOut, QuantityOutOfRange, CurrencyMismatch, NotForSale,
        InsufficientStock, CartFull, AmountTooLarge.
        """
        self.require_open()
        currency = self.currency if self.currency_fixed else _currency_of(variant, self.currency)
        known = next((item for item in self.items if item.variant_id == variant.id), None)
        line = _line(
            known.id if known else item_id,
            variant,
            (known.quantity if known else 0) + _checked(quantity),
            currency,
        )
        if known is None and len(self.items) >= MAX_LINES:
            raise CartFull(max_lines=MAX_LINES)
        items = (
            tuple(line if item.id == line.id else item for item in self.items)
            if known
            else (*self.items, line)
        )
        return self._changed(items=items, currency=currency, currency_fixed=True)

    def set_quantity(self, item_id: str, quantity: int, variant: Variant) -> Cart:
        """Set a line's units; the line takes today's price.

        Raises CartCheckedOut, NotFound, QuantityOutOfRange, CurrencyMismatch, NotForSale,
        InsufficientStock, AmountTooLarge.
        """
        self.require_open()
        self.item(item_id)
        line = _line(item_id, variant, _checked(quantity), self.currency)
        return self._changed(
            items=tuple(line if item.id == item_id else item for item in self.items)
        )

    def remove(self, item_id: str) -> Cart:
        """Remove a line; raises CartCheckedOut, NotFound."""
        self.require_open()
        self.item(item_id)
        return self._changed(items=tuple(item for item in self.items if item.id != item_id))

    def with_email(self, email: str) -> Cart:
        """Set the e-mail address for the order; raises CartCheckedOut."""
        self.require_open()
        return self._changed(email=email)

    def with_shipping_address(self, address: Address) -> Cart:
        """Set where to ship; raises CartCheckedOut."""
        self.require_open()
        return self._changed(shipping_address=address)

    def claimed_by(self, account_id: str) -> Cart:
        """Make a guest's cart an account's; the guest's token is worth nothing from now on."""
        self.require_open()
        return self._changed(account_id=account_id, token_generation=0)

    def absorb(self, guest: Cart) -> Cart:
        """Take in a guest's lines by variant; the e-mail and address are taken where missing.

        Quantities add up to at most what a line may hold. No line is lost: raises CartFull when
        they do not all fit, CurrencyMismatch for a cart of another currency, AmountTooLarge.
        """
        self.require_open()
        if self.items and guest.items and self.currency != guest.currency:
            raise CurrencyMismatch
        lines = {item.variant_id: item for item in self.items}
        for item in guest.items:
            known = lines.get(item.variant_id)
            quantity = min(item.quantity + (known.quantity if known else 0), MAX_QUANTITY)
            lines[item.variant_id] = replace(known or item, quantity=quantity)
        if len(lines) > MAX_LINES:
            raise CartFull(max_lines=MAX_LINES)
        base = self if self.items or not guest.items else guest
        return self._changed(
            items=tuple(lines.values()),
            currency=base.currency,
            currency_fixed=base.currency_fixed,
            email=self.email or guest.email,
            shipping_address=self.shipping_address or guest.shipping_address,
        )

    def refreshed(self, variants: Mapping[str, Variant]) -> Cart:
        """Take today's titles and prices, keyed by variant.

        A line whose variant is gone or has no price in the cart's currency stays as it is: the
        buyer decides what to do with it, and checkout says so again.
        """
        items = tuple(_refreshed(item, variants, self.currency) for item in self.items)
        return self._changed(items=items)

    def require_open(self) -> None:
        """Raise CartCheckedOut unless the cart can be changed."""
        if self.status != OPEN:
            raise CartCheckedOut

    def _changed(self, **changes: object) -> Cart:
        changed: Cart = replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]
        _ = changed.totals
        return changed


def _checked(quantity: int) -> int:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise QuantityOutOfRange
    return quantity


def _currency_of(variant: Variant, preferred: str) -> str:
    if preferred in variant.prices:
        return preferred
    return next(iter(variant.prices), preferred)


def _line(item_id: str, variant: Variant, quantity: int, currency: str) -> CartItem:
    """Return a line at today's price, if it can be had."""
    _checked(quantity)
    if not variant.for_sale:
        raise NotForSale(lines=[{"variant_id": variant.id}])
    price_minor = variant.prices.get(currency)
    if price_minor is None:
        raise CurrencyMismatch(variant_id=variant.id, currency=currency)
    if quantity > variant.available:
        raise InsufficientStock(
            lines=[
                {"variant_id": variant.id, "requested": quantity, "available": variant.available}
            ]
        )
    within_range(price_minor * quantity)
    return CartItem(
        id=item_id,
        variant_id=variant.id,
        product_id=variant.product_id,
        seller_id=variant.seller_id,
        seller_name=variant.seller_name,
        category_id=variant.category_id,
        title=variant.title,
        sku=variant.sku,
        quantity=quantity,
        unit_price_minor=price_minor,
    )


def _refreshed(item: CartItem, variants: Mapping[str, Variant], currency: str) -> CartItem:
    variant = variants.get(item.variant_id)
    if variant is None or currency not in variant.prices:
        return item
    return replace(
        item,
        title=variant.title,
        sku=variant.sku,
        seller_name=variant.seller_name,
        unit_price_minor=variant.prices[currency],
    )
