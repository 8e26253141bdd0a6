"""PaymentService and SandboxService over gRPC."""

from __future__ import annotations

from datetime import UTC, datetime

import grpc

from chassis.context import current_actor
from chassis.errors import invalid
from chassis.ids import format_id, parse_id
from chassis.iso import is_currency
from payments.app.authorize import AuthorizeHandler, AuthorizeOrder
from payments.app.cancel_payment import CancelPayment, CancelPaymentHandler
from payments.app.capture import CaptureHandler, CaptureOrders
from payments.app.decide_payment import DecidePayment, DecidePaymentHandler
from payments.app.methods import Methods
from payments.app.ports import PaymentRepository
from payments.app.settle import Settler
from payments.entrypoints.messages import payment_message, split_of
from soko.payments.v1 import payment_pb2 as pb
from soko.payments.v1 import payment_pb2_grpc

MAX_ORDERS = 100
MAX_SPLITS = 1000
Context = grpc.aio.ServicerContext[object, object]


class PaymentServicer(payment_pb2_grpc.PaymentServiceServicer):
    """Takes money for orders."""

    def __init__(
        self,
        authorize: AuthorizeHandler,
        capture: CaptureHandler,
        cancel: CancelPaymentHandler,
        payments: PaymentRepository,
        methods: Methods,
        settler: Settler,
    ) -> None:
        self._authorize = authorize
        self._capture = capture
        self._cancel = cancel
        self._payments = payments
        self._methods = methods
        self._settler = settler

    async def Authorize(  # noqa: N802 - the contract's name
        self, request: pb.AuthorizeRequest, context: Context
    ) -> pb.AuthorizeResponse:
        """Authorize an order's amount; services only."""
        current_actor().require_service()
        if not is_currency(request.amount.currency):
            raise invalid("amount_invalid", "The currency is unknown.")
        if len(request.splits) > MAX_SPLITS:
            raise invalid("splits_do_not_add_up", f"At most {MAX_SPLITS} splits are possible.")
        expires_at = None
        if request.HasField("expires_at"):
            expires_at = request.expires_at.ToDatetime(UTC)
        result = await self._authorize.handle(
            AuthorizeOrder(
                order_id=parse_id("ord", request.order_id),
                amount_minor=request.amount.amount_minor,
                currency=request.amount.currency,
                method_type=request.method_type,
                token=request.method_token,
                phone=request.phone,
                splits=tuple(split_of(split) for split in request.splits),
                expires_at=expires_at,
            )
        )
        response = pb.AuthorizeResponse(
            outcome=result.outcome,
            payment_id=format_id("pay", result.payment_id),
            decline_reason=result.decline_reason,
            next_action_type=result.next_action_type,
            next_action_url=result.next_action_url,
        )
        _set_time(response, result.expires_at)
        return response

    async def Capture(  # noqa: N802
        self, request: pb.CaptureRequest, context: Context
    ) -> pb.CaptureResponse:
        """Capture orders' payments; services only."""
        current_actor().require_service()
        if len(request.order_ids) > MAX_ORDERS:
            raise invalid("too_many_orders", f"At most {MAX_ORDERS} orders at once.")
        ids = {parse_id("ord", order_id): order_id for order_id in request.order_ids}
        outcomes = await self._capture.handle(CaptureOrders(tuple(ids)))
        return pb.CaptureResponse(
            results=[
                pb.CaptureResult(order_id=ids[order_id], outcome=outcome)
                for order_id, outcome in outcomes.items()
            ]
        )

    async def CancelPayment(  # noqa: N802
        self, request: pb.CancelPaymentRequest, context: Context
    ) -> pb.CancelPaymentResponse:
        """Close an order for payment and give its money back; services only."""
        current_actor().require_service()
        done, status = await self._cancel.handle(
            CancelPayment(parse_id("ord", request.order_id), request.reason)
        )
        return pb.CancelPaymentResponse(
            outcome="done" if done else "unknown", payment_status=status
        )

    async def ListPayments(  # noqa: N802
        self, request: pb.ListPaymentsRequest, context: Context
    ) -> pb.ListPaymentsResponse:
        """Return an order's payments; services only: orders knows who may see them."""
        current_actor().require_service()
        payment = await self._payments.find_by_order(parse_id("ord", request.order_id))
        if payment is None or payment.is_tombstone:
            return pb.ListPaymentsResponse()
        message = payment_message(payment)
        # Cash that the courier has yet to collect is for all that was bought.
        taken = payment.captured_minor > 0 and not payment.is_cash
        message.refunds_in_parts = taken and self._settler.refunds_in_parts(payment)
        return pb.ListPaymentsResponse(payments=[message])

    async def ListPaymentMethods(  # noqa: N802
        self, request: pb.ListPaymentMethodsRequest, context: Context
    ) -> pb.ListPaymentMethodsResponse:
        """Return the methods that are switched on; public."""
        methods = self._methods.available(request.currency, request.country)
        return pb.ListPaymentMethodsResponse(
            methods=[pb.PaymentMethodInfo(type=each.type, name=each.name) for each in methods]
        )


class SandboxServicer(payment_pb2_grpc.SandboxServiceServicer):
    """The sandbox's buyer. Public: whoever knows a payment's id may play him."""

    def __init__(self, decide: DecidePaymentHandler) -> None:
        self._decide = decide

    async def DecidePayment(  # noqa: N802
        self, request: pb.DecidePaymentRequest, context: Context
    ) -> pb.DecidePaymentResponse:
        """Let an awaiting payment succeed or fail."""
        payment = await self._decide.handle(
            DecidePayment(parse_id("pay", request.payment_id), request.succeed)
        )
        return pb.DecidePaymentResponse(payment=payment_message(payment))


def _set_time(response: pb.AuthorizeResponse, at: datetime | None) -> None:
    if at is not None:
        response.expires_at.FromDatetime(at)
