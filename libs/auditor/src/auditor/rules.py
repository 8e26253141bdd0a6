"""What two services' beliefs of one order mean together.

Each rule is given what either side believes, or None where it knows nothing of the order. It speaks
up only for what cannot be right, whatever is still under way: an order that is being decided, paid
or given back may look odd for a while, and whether that goes on is told by each service's own
checks of progress.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from auditor.findings import Promise

Belief = Mapping[str, str]
Breach = tuple[Promise, str]
Rule = Callable[[Belief | None, Belief | None], list[Breach]]

CONFIRMED_PAID: Final = Promise(
    "confirmed_orders_paid",
    "A confirmed order is authorized, captured or paid in cash, for its own total.",
    "Ask the provider what it holds of the payment. If the money is there, correct the payment;"
    " otherwise cancel the order.",
)
CAPTURED_CONFIRMED: Final = Promise(
    "captured_orders_confirmed",
    "What is captured belongs to an order.",
    "Refund the payment: nobody has the order that it was for.",
)
CANCELLED_FREE: Final = Promise(
    "cancelled_orders_unpaid",
    "A cancelled order has no live authorization, and all that was captured went back.",
    "Cancel the payment again; refund what is left by the provider's own means if that fails.",
)
CANCELLED_REFUNDED: Final = Promise(
    "cancelled_units_refunded",
    "The buyer has back what was paid for units that a seller cancelled, or it is on its way.",
    "Read the order's timeline for a refund that failed; refund the units again, or pay the buyer"
    " by the provider's own means.",
)
PAYMENT_KNOWN: Final = Promise(
    "orders_know_payments",
    "Orders and payments tell the same status of a payment.",
    "See whether payments' events reach orders; redrive the dead ones.",
)
PAID_BEFORE_SHIPPED: Final = Promise(
    "captured_before_shipment",
    "What was shipped was captured before, unless it is paid in cash.",
    "Capture the payment; if that fails, ask for the goods back.",
)
ALLOCATED: Final = Promise(
    "confirmed_orders_have_stock",
    "A confirmed order has the stock of all its lines that have not shipped.",
    "Reserve and commit the order's lines again, or cancel the order.",
)
HOLDS_LIVE: Final = Promise(
    "stock_belongs_to_orders",
    "Stock is held by live checkouts and allocated to confirmed orders, and to nobody else.",
    "Release the order in catalog.",
)
DELIVERED: Final = Promise(
    "events_delivered",
    "Every event that was told was heard once by everybody who subscribes to it, and no other.",
    "See whether the subscriber's consumer runs; if it does, have the outbox published again.",
)

_LIVE: Final = frozenset({"confirmed", "completed"})
_HELD: Final = frozenset(
    {"authorized", "captured", "partially_refunded", "refunded", "charged_back"}
)
_CAPTURED: Final = _HELD - {"authorized"}


def judge_money(order: Belief | None, payment: Belief | None) -> list[Breach]:
    """Judge what orders and payments believe of an order's money."""
    if order is None:
        if payment is None or _kept(payment) == 0:
            return []
        return [(CAPTURED_CONFIRMED, f"{_kept(payment)} captured for an order that is not there")]
    found: list[Breach] = []
    if order["status"] in _LIVE:
        wrong = _unpaid(order, payment)
        if wrong:
            found.append((CONFIRMED_PAID, wrong))
        elif payment is not None and order["step"] == "done":
            found += _follows(order, payment)
            found += _cancelled_units(order, payment)
    elif order["status"] == "cancelled" and order["step"] == "cancelled":
        wrong = _not_given_back(payment)
        if wrong:
            found.append((CANCELLED_FREE, wrong))
        elif payment is not None:
            found += _follows(order, payment)
    return found


def judge_stock(order: Belief | None, hold: Belief | None) -> list[Breach]:
    """Judge what orders and catalog believe of an order's stock."""
    has_stock = hold is not None and hold["state"] in {"held", "allocated"}
    state = hold["state"] if hold else "nothing"
    units = hold["units"] if hold else "0"
    if order is None:
        wrong = f"{state} {units} units for an order that is not there"
        return [(HOLDS_LIVE, wrong)] if has_stock else []
    if order["status"] == "cancelled":
        if order["step"] != "cancelled" or not has_stock:
            return []
        return [(HOLDS_LIVE, f"the order is cancelled and has {units} units {state}")]
    if order["status"] in _LIVE and order["step"] == "done":
        if state == "allocated" and units == order["units"]:
            return []
        return [(ALLOCATED, f"{order['units']} units to ship, catalog has {units} ({state})")]
    if state == "allocated" and order["status"] not in _LIVE:
        return [(HOLDS_LIVE, f"the order is {order['status']} and has {units} units allocated")]
    return []


def _unpaid(order: Belief, payment: Belief | None) -> str:
    """Return what is wrong with the payment of a confirmed order."""
    if payment is None:
        return "payments knows nothing of the order"
    if payment["closed"] == "True":
        return f"the payment is closed, and {payment['status']}"
    if (payment["amount"], payment["currency"]) != (order["amount"], order["currency"]):
        return (
            f"the order is {order['amount']} {order['currency']},"
            f" its payment {payment['amount']} {payment['currency']}"
        )
    if payment["status"] in _HELD or (payment["status"] == "none" and payment["attempts"] == "0"):
        return ""
    return f"the payment is {payment['status']}"


def _not_given_back(payment: Belief | None) -> str:
    """Return what of a cancelled order's money is not back."""
    if payment is None:
        return "payments was never told; an authorization that comes late would take the money"
    if payment["closed"] != "True":
        return f"the payment is not closed, and {payment['status']}"
    if payment["status"] == "authorized":
        return f"{payment['amount']} {payment['currency']} is still authorized"
    kept = _kept(payment)
    if kept:
        return f"{kept} {payment['currency']} of {payment['captured']} captured is not refunded"
    return ""


def _follows(order: Belief, payment: Belief) -> list[Breach]:
    """Compare what orders believes of a decided payment with what it is."""
    found: list[Breach] = []
    if order["payment_status"] != payment["status"]:
        told = f"orders says {order['payment_status']}, payments {payment['status']}"
        found.append((PAYMENT_KNOWN, told))
    shipped = order["fulfilment"] != "unfulfilled"
    if shipped and payment["attempts"] != "0" and payment["status"] not in _CAPTURED:
        found.append((PAID_BEFORE_SHIPPED, f"{order['fulfilment']}, and {payment['status']}"))
    return found


def _cancelled_units(order: Belief, payment: Belief) -> list[Breach]:
    """Compare what cancelled units were worth with all that went back; cash is handed back."""
    # Orders of the release before do not say it.
    worth, gone = int(order.get("cancelled", "0")), _gone(payment)
    if payment["attempts"] == "0" or gone >= worth:
        return []
    told = f"{worth} {order['currency']} of units are cancelled, {gone} went back"
    return [(CANCELLED_REFUNDED, told)]


def _gone(payment: Belief) -> int:
    """Return what is returned, on its way back, or disputed."""
    return sum(int(payment[name]) for name in ("refunded", "refunding", "disputed"))


def _kept(payment: Belief) -> int:
    """Return what is captured, neither returned nor on its way back, and not disputed."""
    return int(payment["captured"]) - _gone(payment)
