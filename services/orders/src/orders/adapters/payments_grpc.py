"""Payments: authorizing, capturing and cancelling, each idempotent by order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast, get_args

from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.logs import get_logger
from orders.adapters.catalog_grpc import FINAL_KINDS
from orders.app.ports import StockMove
from orders.domain.checkout import Checkout
from orders.domain.order import Order, OrderLine
from orders.domain.outcomes import (
    UNKNOWN,
    AuthorizeOutcome,
    CaptureOutcome,
    Declined,
    Paid,
    PaymentPending,
    Refused,
    Unknown,
)
from orders.protobuf_time import timestamp
from soko.common.v1.money_pb2 import Money
from soko.payments.v1 import payment_pb2
from soko.payments.v1.payment_pb2_grpc import PaymentServiceStub, RefundServiceStub

_CAPTURE_TIMEOUT_S = 10.0
_REFUND_TIMEOUT_S = 5.0
_CAPTURES = frozenset(get_args(CaptureOutcome)) - {"deferred"}
_GIVEN_BACK = frozenset({"order_closed", "refund_exceeds_captured"})
"""All of the order's money goes back anyway, or nothing of these units' money is left."""
_log = get_logger(__name__)


class PaymentsClient:
    """Payments over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = PaymentServiceStub(peer.channel)
        self._refunds = RefundServiceStub(peer.channel)

    async def authorize(self, checkout: Checkout, timeout_s: float) -> AuthorizeOutcome:
        """Authorize an order's total, or learn what became of it."""
        request = _authorize_request(checkout)
        try:
            answer = await self._peer.call(
                self._stub.Authorize, request, timeout_s=timeout_s, retry=True
            )
        except ServiceError as error:
            if error.kind in FINAL_KINDS:
                return Refused(error.kind, error.code, error.detail, error.extra)
            return Unknown(error.code)
        return _outcome(answer)

    async def capture(self, order_ids: Sequence[str]) -> Mapping[str, CaptureOutcome]:
        """Take the authorized money of orders; those without an answer are unknown."""
        request = payment_pb2.CaptureRequest(order_ids=order_ids)
        try:
            answer = await self._peer.call(
                self._stub.Capture, request, timeout_s=_CAPTURE_TIMEOUT_S, retry=True
            )
        except ServiceError:
            return {}
        return {
            result.order_id: cast(CaptureOutcome, result.outcome)
            for result in answer.results
            if result.outcome in _CAPTURES
        }

    async def refunds_in_parts(self, order_id: str) -> bool:
        """Tell whether less than all of an order's money can go back; raises ServiceError."""
        request = payment_pb2.ListPaymentsRequest(order_id=order_id)
        answer = await self._peer.call(self._stub.ListPayments, request, retry=True)
        return any(payment.refunds_in_parts for payment in answer.payments)

    async def refund(self, move: StockMove) -> bool:
        """Refund cancelled units, or what is left of their money; return False until it is so."""
        request = payment_pb2.CreateRefundRequest(
            order_id=move.order_id,
            refund_id="rfd" + move.shipment_id.removeprefix("shp"),
            items=[
                payment_pb2.RefundItem(item_id=line_id, quantity=quantity)
                for line_id, quantity in move.units.items()
            ],
            reason=move.reason,
        )
        try:
            await self._peer.call(
                self._refunds.CreateRefund, request, timeout_s=_REFUND_TIMEOUT_S, retry=True
            )
        except ServiceError as error:
            if error.code not in _GIVEN_BACK:
                return False
            _log.info("cancelled_units_not_refunded", order_id=move.order_id, code=error.code)
        return True

    async def cancel(self, order_id: str, reason: str, timeout_s: float) -> bool:
        """Make sure that the buyer has the money in the end; return False until it is so."""
        request = payment_pb2.CancelPaymentRequest(order_id=order_id, reason=reason)
        try:
            answer = await self._peer.call(
                self._stub.CancelPayment, request, timeout_s=timeout_s, retry=True
            )
        except ServiceError:
            return False
        return answer.outcome == "done"


def _authorize_request(checkout: Checkout) -> payment_pb2.AuthorizeRequest:
    order, method = checkout.order, checkout.saga.method
    return payment_pb2.AuthorizeRequest(
        order_id=order.id,
        amount=Money(amount_minor=order.totals.total, currency=order.currency),
        method_type=method.type if method else "",
        method_token=method.token if method else "",
        phone=method.phone if method else "",
        splits=[_split(line) for line in order.lines],
        expires_at=timestamp(_pay_until(order)),
    )


def _pay_until(order: Order) -> datetime:
    return order.expires_at or order.updated_at


def _split(line: OrderLine) -> payment_pb2.Split:
    return payment_pb2.Split(
        line_id=line.id,
        seller_order_id=line.seller_order_id,
        seller_id=line.seller_id,
        category_id=line.category_id,
        quantity=line.quantity,
        goods_minor=line.line_total_minor,
        discount_minor=line.discount_minor,
        shipping_minor=line.shipping_minor,
        tax_minor=line.tax_minor,
        duty_minor=line.duty_minor,
    )


def _outcome(answer: payment_pb2.AuthorizeResponse) -> AuthorizeOutcome:
    payment_id = answer.payment_id
    match answer.outcome:
        case "authorized":
            return Paid("authorized", payment_id)
        case "captured":
            return Paid("captured", payment_id)
        case "not_required":
            return Paid("none", payment_id)
        case "pending":
            until = answer.expires_at.ToDatetime(UTC) if answer.HasField("expires_at") else None
            return PaymentPending(
                payment_id, answer.next_action_type, answer.next_action_url, until
            )
        case "declined":
            return Declined(answer.decline_reason or "declined", payment_id)
        case _:
            return UNKNOWN
