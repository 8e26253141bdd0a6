"""Payments as their contract describes them, small enough to be seen to be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orders.domain.checkout import Checkout
from orders.domain.outcomes import (
    UNKNOWN,
    AuthorizeOutcome,
    CaptureOutcome,
    Declined,
    Paid,
    PaymentNews,
    PaymentPending,
    Refused,
)
from services.orders.tests.fakes import CLOSED

FALLEN: Final = frozenset({"failed", "voided", "refunded", "charged_back"})
TAKEN: Final = frozenset({"captured", "partially_refunded"})


@dataclass
class Payment:
    """One order's payment; the provider's word may still be out."""

    order_id: str
    amount_minor: int
    status: str = "none"
    provider: str = "silent"
    """silent (we do not know), pending (the buyer must act), decided, or cash."""
    truth: str = ""
    """What a silent provider did: authorized or failed."""
    closed: bool = False
    late: bool = False
    refuses_capture: bool = False
    captures: int = 0
    refunded_minor: int = 0
    refunding: bool = False
    """A cancellation's refund is on its way."""
    fell: bool = False
    """Whether it came to nothing before anybody cancelled it."""
    sequence: int = 0

    @property
    def goes_back(self) -> bool:
        return self.closed or self.late


class SimPayments:
    """One payment per order; what happens to it is told as numbered news."""

    def __init__(self) -> None:
        self.payments: dict[str, Payment] = {}
        self.tombstones: set[str] = set()
        self.told: list[PaymentNews] = []

    async def authorize(self, checkout: Checkout, timeout_s: float) -> AuthorizeOutcome:
        order, method = checkout.order, checkout.saga.method
        if order.id in self.tombstones:
            return CLOSED
        payment = self.payments.get(order.id)
        if payment is None:
            if method is None:
                return Refused("invalid", "method_unavailable", "")
            payment = Payment(order.id, order.totals.total)
            self.payments[order.id] = payment
            self._begin(payment, method.token)
        return CLOSED if payment.closed else self._answer(payment)

    async def capture(self, order_ids: Sequence[str]) -> Mapping[str, CaptureOutcome]:
        return {order_id: self._capture(order_id) for order_id in order_ids}

    async def cancel(self, order_id: str, reason: str, timeout_s: float) -> bool:
        payment = self.payments.get(order_id)
        if payment is None:
            self.tombstones.add(order_id)
            return True
        payment.closed = True
        self._give_back(payment)
        return payment.provider != "silent" and not payment.refunding

    def provider_speaks(self, payment: Payment) -> None:
        """The provider says at last what it did."""
        self._learn(payment, payment.truth)

    def buyer_decides(self, payment: Payment, *, pays: bool) -> None:
        self._learn(payment, "captured" if pays else "failed")

    def authorization_lapses(self, payment: Payment) -> None:
        """The provider gives an authorization back by itself."""
        self._move(payment, "voided")

    def money_comes_after_all(self, payment: Payment) -> None:
        """A provider finds money after it said that there is none: it goes back."""
        payment.late = True
        self._captured(payment)
        self._give_back(payment)

    def refund_settles(self, payment: Payment) -> None:
        payment.refunding = False
        self._refunded(payment, payment.amount_minor - payment.refunded_minor)

    def operator_refunds(self, payment: Payment, *, all_of_it: bool) -> None:
        left = payment.amount_minor - payment.refunded_minor
        self._refunded(payment, left if all_of_it else max(1, left // 3))

    def buyer_disputes(self, payment: Payment) -> None:
        self._move(payment, "charged_back")

    def dispute_is_won(self, payment: Payment) -> None:
        self._move(payment, "partially_refunded" if payment.refunded_minor else "captured")
        self._give_back(payment)

    def of(self, wanted: Callable[[Payment], bool]) -> list[Payment]:
        return [payment for payment in self.payments.values() if wanted(payment)]

    def _begin(self, payment: Payment, token: str) -> None:
        if token == "cash":
            payment.provider = "cash"
        elif token == "async":
            payment.provider = "pending"
        elif token.startswith("silent_"):
            payment.truth = token.removeprefix("silent_")
        else:
            self._learn(payment, token)

    def _answer(self, payment: Payment) -> AuthorizeOutcome:
        payment_id = "pay" + payment.order_id[3:]
        if payment.status in FALLEN or payment.late:
            return Declined("declined", payment_id)
        if payment.status == "authorized":
            return Paid("authorized", payment_id)
        if payment.status != "none":
            return Paid("captured", payment_id)
        if payment.provider == "cash":
            return Paid("none", payment_id)
        if payment.provider == "pending":
            return PaymentPending(payment_id, "sandbox", "", None)
        return UNKNOWN

    def _capture(self, order_id: str) -> CaptureOutcome:
        payment = self.payments[order_id]
        if payment.provider == "cash":
            return "not_required"
        if payment.closed or payment.status in {"failed", "voided"}:
            return "failed"
        if payment.status == "authorized":
            if payment.refuses_capture:
                self._move(payment, "failed")
                return "failed"
            self._captured(payment)
        return "captured"

    def _learn(self, payment: Payment, outcome: str) -> None:
        payment.provider = "decided"
        if outcome == "captured":
            self._captured(payment)
        else:
            self._move(payment, outcome)
        self._give_back(payment)

    def _captured(self, payment: Payment) -> None:
        payment.captures += 1
        self._move(payment, "captured")

    def _give_back(self, payment: Payment) -> None:
        if not payment.goes_back:
            return
        if payment.status == "authorized":
            self._move(payment, "voided")
        elif payment.status in TAKEN and not payment.refunding:
            payment.refunding = True

    def _refunded(self, payment: Payment, amount_minor: int) -> None:
        payment.refunded_minor += amount_minor
        whole = payment.refunded_minor == payment.amount_minor
        self._move(payment, "refunded" if whole else "partially_refunded")

    def _move(self, payment: Payment, status: str) -> None:
        payment.status = status
        payment.fell = payment.fell or (not payment.closed and status in FALLEN)
        payment.sequence += 1
        payment_id = "pay" + payment.order_id[3:]
        news = PaymentNews(
            payment.order_id, payment_id, status, "", payment.sequence, payment.goes_back
        )
        self.told.append(news)


def awaits_buyer(payment: Payment) -> bool:
    return payment.provider == "pending" and payment.status == "none"


def silent(payment: Payment) -> bool:
    return payment.provider == "silent"


def fallen(payment: Payment) -> bool:
    return payment.status in {"failed", "voided"}


def authorized(payment: Payment) -> bool:
    return payment.status == "authorized"


def refundable(payment: Payment) -> bool:
    return payment.status in TAKEN and not payment.goes_back


def disputed(payment: Payment) -> bool:
    return payment.status == "charged_back"


def refunding(payment: Payment) -> bool:
    return payment.refunding
