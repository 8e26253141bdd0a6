"""RefundService over gRPC."""

from __future__ import annotations

import grpc

from chassis.context import current_actor, current_idempotency
from chassis.database import Database
from chassis.errors import invalid
from chassis.idempotency import idempotent
from chassis.ids import new_id, parse_id
from payments.app.create_refund import CreateRefund, CreateRefundHandler
from payments.entrypoints.messages import refund_message
from soko.payments.v1 import payment_pb2 as pb
from soko.payments.v1 import payment_pb2_grpc

MAX_ITEMS = 1000
MAX_REASON_LENGTH = 500
Context = grpc.aio.ServicerContext[object, object]


class RefundServicer(payment_pb2_grpc.RefundServiceServicer):
    """Gives captured money back."""

    def __init__(self, create: CreateRefundHandler, db: Database) -> None:
        self._create = create
        self.db = db

    @idempotent
    async def CreateRefund(  # noqa: N802 - the contract's name
        self, request: pb.CreateRefundRequest, context: Context
    ) -> pb.CreateRefundResponse:
        """Refund part or all of an order; operators, admins or members of a seller in it."""
        amount = None
        if request.HasField("amount"):
            amount = (request.amount.amount_minor, request.amount.currency)
        if amount is not None and request.items:
            raise invalid("refund_ambiguous", "Give an amount or items, not both.")
        if len(request.items) > MAX_ITEMS or len(request.reason) > MAX_REASON_LENGTH:
            raise invalid("refund_too_large", "There are too many items, or the reason is long.")
        items: dict[str, int] = {}
        for item in request.items:
            items[item.item_id] = items.get(item.item_id, 0) + item.quantity
        key = current_idempotency()
        if request.refund_id:
            current_actor().require_service()
            refund_id = parse_id("rfd", request.refund_id)
        else:
            refund_id = key.derive_id("refund") if key else new_id()
        refund, payment = await self._create.handle(
            CreateRefund(
                refund_id=refund_id,
                order_id=parse_id("ord", request.order_id),
                amount=amount,
                items=items,
                reason=request.reason,
                seller_order_id=request.seller_order_id,
            ),
            current_actor(),
        )
        return pb.CreateRefundResponse(refund=refund_message(refund, payment))
