"""CheckoutService over gRPC."""

# ruff: noqa: N802 - the methods have the contract's names.

from __future__ import annotations

import grpc
from grpc_status import rpc_status

from chassis.context import (
    current_actor,
    current_client_address,
    current_idempotency,
    current_traceparent,
    remaining_s,
)
from chassis.errors import as_service_error, invalid, to_status
from chassis.idempotency import REPLAYED
from orders.app.checkout_cart import CheckedOut, CheckoutCart, CheckoutCartHandler
from orders.app.ports import Key
from orders.domain.errors import CheckoutRefused, IdempotencyKeyRequired
from orders.domain.guest_token import GuestTokens
from orders.domain.money import MAX_AMOUNT_MINOR
from orders.domain.saga import PaymentMethod
from orders.entrypoints.checks import checked_address, checked_email, checked_id
from orders.entrypoints.messages import order_message
from soko.orders.v1 import order_pb2 as pb
from soko.orders.v1 import order_pb2_grpc

Context = grpc.aio.ServicerContext[object, object]

FAST_PATH_S = 4.0
"""How long a request carries its saga before it answers with what there is."""

_ANSWER_S = 0.5
"""What is kept back of the caller's deadline to answer in."""

_TOKEN_MAX = 512


class CheckoutServicer(order_pb2_grpc.CheckoutServiceServicer):
    """Places orders; keeps its own idempotency keys, which point to orders."""

    def __init__(self, checkout: CheckoutCartHandler, tokens: GuestTokens) -> None:
        self._checkout = checkout
        self._tokens = tokens

    async def Checkout(self, request: pb.CheckoutRequest, context: Context) -> pb.CheckoutResponse:
        """Place the order of a cart."""
        result = await self._checkout(_command(request))
        if result.order.refusal is not None:
            await self._refuse(result, context)
        if result.replayed:
            context.set_trailing_metadata((REPLAYED,))
        order = result.order
        token = "" if order.account_id else self._tokens.token(order.id, order.token_generation)
        return pb.CheckoutResponse(order=order_message(order, token), outcome=result.outcome)

    async def _refuse(self, result: CheckedOut, context: Context) -> None:
        """Tell the order's refusal; a replayed one says that it is."""
        refusal = result.order.refusal
        if refusal is None:
            return
        error = CheckoutRefused(refusal.kind, refusal.code, refusal.detail, refusal.extra)
        known = as_service_error(error)
        if not result.replayed or known is None:
            raise error
        status = rpc_status.to_status(to_status(known))
        await context.abort(
            status.code,
            status.details or "",
            trailing_metadata=(*(status.trailing_metadata or ()), REPLAYED),
        )


def _command(request: pb.CheckoutRequest) -> CheckoutCart:
    key = current_idempotency()
    if key is None:
        raise IdempotencyKeyRequired
    left_s = remaining_s()
    return CheckoutCart(
        cart_id=checked_id("cart", request.cart_id),
        token=request.token,
        actor=current_actor(),
        key=Key(key.scope, key.key, key.fingerprint),
        method=_method(request.payment_method),
        email=checked_email(request.email),
        shipping_address=checked_address(request.shipping_address)
        if request.HasField("shipping_address")
        else None,
        expected_total=_expected_total(request),
        locale=request.locale,
        client_address=current_client_address(),
        traceparent=current_traceparent(),
        budget_s=FAST_PATH_S if left_s is None else min(FAST_PATH_S, left_s - _ANSWER_S),
    )


def _method(message: pb.PaymentMethod) -> PaymentMethod:
    if not message.type or len(message.token) > _TOKEN_MAX:
        raise invalid("invalid_payment_method", "Say how you pay.")
    return PaymentMethod(message.type, message.token, message.phone)


def _expected_total(request: pb.CheckoutRequest) -> tuple[int, str] | None:
    if not request.HasField("expected_total"):
        return None
    expected = request.expected_total
    if not 0 <= expected.amount_minor <= MAX_AMOUNT_MINOR:
        raise invalid("invalid_amount", "The expected total is out of range.")
    return expected.amount_minor, expected.currency
