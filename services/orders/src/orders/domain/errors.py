"""What may be refused, as facts; each names its kind and its stable code."""

# ruff: noqa: N818 - errors are named for the fact that they state.

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class OrdersError(Exception):
    """A refusal that the caller is told of; ``str()`` is the detail."""

    kind: ClassVar[str]
    code: ClassVar[str]
    detail: ClassVar[str] = ""

    def __init__(self, **extra: object) -> None:
        super().__init__(self.detail)
        self.extra: Mapping[str, object] = extra


class IllegalTransition(Exception):
    """A state machine was asked for a move that its table does not hold: a mistake of ours."""

    def __init__(self, machine: str, current: str, wanted: str) -> None:
        super().__init__(f"{machine}: {current} -> {wanted}")
        self.current = current
        self.wanted = wanted


class NotFound(OrdersError):
    """The cart, line or order does not exist, or is another's."""

    kind, code = "not_found", "not_found"
    detail = "There is no such thing, or it is not yours to see."


class CartCheckedOut(OrdersError):
    """The cart became an order, or is becoming one."""

    kind, code = "conflict", "cart_checked_out"
    detail = "This cart is checked out and cannot be changed."


class CartChanged(OrdersError):
    """Others kept changing the cart while this change was tried."""

    kind, code = "conflict", "cart_changed"
    detail = "The cart is being changed by others; try again."


class CartEmpty(OrdersError):
    """There is nothing to check out."""

    kind, code = "conflict", "cart_empty"
    detail = "The cart is empty."


class CartFull(OrdersError):
    """The cart would have more lines than one may have."""

    kind, code = "invalid", "cart_full"
    detail = "The cart has too many lines."


class VariantUnknown(OrdersError):
    """No such variant exists."""

    kind, code = "invalid", "variant_unknown"
    detail = "There is no such variant."


class CurrencyMismatch(OrdersError):
    """The variant has no price in the cart's currency."""

    kind, code = "invalid", "currency_mismatch"
    detail = "The variant has no price in the cart's currency."


class QuantityOutOfRange(OrdersError):
    """A line holds 1 to 9999 units."""

    kind, code = "invalid", "quantity_out_of_range"
    detail = "A line holds 1 to 9999 units."


class AmountTooLarge(OrdersError):
    """A sum passes 2^53 - 1 minor units."""

    kind, code = "invalid", "amount_too_large"
    detail = "The sum is larger than any amount may be."


class InsufficientStock(OrdersError):
    """Fewer units can be had than were asked for; ``lines`` says which."""

    kind, code = "conflict", "insufficient_stock"
    detail = "There are not enough units in stock."


class NotForSale(OrdersError):
    """The variant cannot be bought now; ``lines`` says which."""

    kind, code = "conflict", "not_for_sale"
    detail = "The variant is not for sale."


class AddressRequired(OrdersError):
    """Neither the request nor the cart says where to ship."""

    kind, code = "invalid", "address_required"
    detail = "Say where to ship: in the request or on the cart."


class EmailRequired(OrdersError):
    """Neither the request, the cart nor the account has an e-mail address."""

    kind, code = "invalid", "email_required"
    detail = "An e-mail address is required: in the request or on the cart."


class PriceChanged(OrdersError):
    """The cart's total is not the one that the buyer expects; ``total`` is what it is."""

    kind, code = "conflict", "price_changed"
    detail = "The total is not the expected one; look at the cart and try again."


class ReservationLimit(OrdersError):
    """More units would be held unpaid than may be ``per`` cart, account or address.

    ``most`` and ``requested`` say so; but for a cart also ``held``, and ``ends_at`` when some of it
    ends.
    """

    kind, code = "conflict", "reservation_limit"
    detail = "So many units cannot be reserved before they are paid."


class CheckoutInFlight(OrdersError):
    """Another checkout of this cart is under way; ``retry_after_s`` says when to ask again."""

    kind, code = "conflict", "checkout_in_flight"
    detail = "Another checkout of this cart is under way."


class TooManyAttempts(OrdersError):
    """The cart was refused as often as a cart may be."""

    kind, code = "too_many", "too_many_attempts"
    detail = "This cart was tried too often; make a new one."


class IdempotencyKeyRequired(OrdersError):
    """A checkout or cancellation came without a key."""

    kind, code = "malformed", "idempotency_key_required"
    detail = "Send an Idempotency-Key."


class IdempotencyKeyReused(OrdersError):
    """The key belongs to another request."""

    kind, code = "invalid", "idempotency_key_reused"
    detail = "This Idempotency-Key was used for another request."


class IdempotencyInFlight(OrdersError):
    """The key's first request is still under way; ``retry_after_s`` says when to ask again."""

    kind, code = "conflict", "idempotency_in_flight"
    detail = "The first request with this Idempotency-Key is still under way."


class OrderNotCancellable(OrdersError):
    """The order is cancelled, completed or has shipped."""

    kind, code = "conflict", "order_not_cancellable"
    detail = "This order cannot be cancelled any more."


class SellerOrderRequired(OrdersError):
    """The caller works for several sellers in the order and does not say for which it ships."""

    kind, code = "invalid", "seller_order_required"
    detail = "Say which seller's part of the order this is: seller_order_id."


class ItemUnknown(OrdersError):
    """The seller's part of the order has no such line."""

    kind, code = "invalid", "item_unknown"
    detail = "The seller's part of the order has no such line."


class QuantityNotShippable(OrdersError):
    """More units than are left to ship; ``lines`` says of which lines."""

    kind, code = "conflict", "quantity_not_shippable"
    detail = "There are not so many units left to ship."


class QuantityNotCancellable(OrdersError):
    """More units than have not shipped; ``lines`` says of which lines."""

    kind, code = "conflict", "quantity_not_cancellable"
    detail = "There are not so many units left to cancel."


class PartNotRefundable(OrdersError):
    """The money of the order goes back as a whole only, or was never taken."""

    kind, code = "conflict", "partial_refund_unavailable"
    detail = "This payment cannot be refunded in part: the order can be cancelled as a whole only."


class OrderNotShippable(OrdersError):
    """The seller's part of the order is cancelled, completed, or came back."""

    kind, code = "conflict", "order_not_shippable"
    detail = "Nothing of this order can be shipped any more."


class PaymentNotCaptured(OrdersError):
    """The money for the order is not there, or it is not known to be."""

    kind, code = "conflict", "payment_not_captured"
    detail = "The order's payment is not captured."


class OrderChanged(OrdersError):
    """Others kept changing the order while this change was tried."""

    kind, code = "conflict", "order_changed"
    detail = "The order is being changed by others; try again."


class OccurredInFuture(OrdersError):
    """Something is said to have happened that cannot have happened yet."""

    kind, code = "invalid", "occurred_in_future"
    detail = "This has not happened yet."


class TooManyShipmentEvents(OrdersError):
    """The shipment's log is full."""

    kind, code = "conflict", "too_many_events"
    detail = "No more events can be added to this shipment."


class InvalidSignature(OrdersError):
    """A webhook is not signed, or not by the carrier that it names."""

    kind, code = "unauthenticated", "signature_invalid"
    detail = "The signature is not valid."


class WebhookExpired(OrdersError):
    """A webhook was sent too long ago, or will be."""

    kind, code = "unauthenticated", "signature_expired"
    detail = "The webhook was sent more than five minutes ago."


class WebhookAlreadyReceived(OrdersError):
    """A webhook with this event came before."""

    kind, code = "conflict", "webhook_already_received"
    detail = "This event was received before."


class AuthenticationRequired(OrdersError):
    """The order is read without any credentials."""

    kind, code = "unauthenticated", "authentication_required"
    detail = "Valid credentials are required."


class NotAMember(OrdersError):
    """The caller does not work for the seller."""

    kind, code = "forbidden", "forbidden"
    detail = "You do not work for this seller."


class CheckoutRefused(Exception):
    """An order's refusal, told as the error that it was: once, and at every replay."""

    def __init__(self, kind: str, code: str, detail: str, extra: Mapping[str, object]) -> None:
        super().__init__(detail)
        self.kind = kind
        self.code = code
        self.extra = extra
