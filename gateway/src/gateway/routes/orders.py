"""Orders of accounts, guests and sellers, with their payments and refunds."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import Cursor, Limit, OrderId, SellerName, SellerOrderId
from gateway.bodies.orders import CancelBody
from gateway.bodies.payments import RefundBody
from gateway.bodies.shipments import CancelledItemsBody
from gateway.openapi import answers
from gateway.rendering import orders as render
from gateway.rendering import payments as render_payments
from gateway.rendering.values import page, to_money
from gateway.rules import MEMBERS, REFUNDERS, SHIPPERS, STAFF, Access, Key, rules
from soko.common.v1.page_pb2 import PageRequest
from soko.orders.v1 import fulfilment_pb2, order_pb2
from soko.payments.v1 import payment_pb2

router = APIRouter(prefix="/v1", tags=["Orders"], route_class=ApiRoute)

_TOKEN = "X-Order-Token"  # noqa: S105 - a header's name


@router.get(
    "/orders",
    response_class=Response,
    summary="List the account's orders",
    responses=answers({200: "Orders"}, {400: "invalid_cursor"}),
)
@rules(Access.ACCOUNT, scope="orders:read")
async def list_orders(request: ApiRequest, limit: Limit = 20, cursor: Cursor = "") -> Response:
    """List the caller's orders, newest first."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.orders.ListOrders,
        order_pb2.ListOrdersRequest(page=PageRequest(limit=limit, cursor=cursor)),
        retry=True,
    )
    return request.answer(
        200, page([render.order(each) for each in reply.orders], reply.next_cursor)
    )


@router.get(
    "/orders/{order_id}",
    response_class=Response,
    summary="Read an order",
    responses=answers({200: "Order"}, {404: ""}),
)
@rules(Access.OPTIONAL, guest_header=_TOKEN, guest_required=True, scope="orders:read")
async def read_order(request: ApiRequest, order_id: OrderId) -> Response:
    """Read an order of the caller's, or a guest's by its token."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.orders.GetOrder,
        order_pb2.GetOrderRequest(order_id=order_id, token=request.guest_token),
        retry=True,
    )
    return request.answer(200, render.order(reply.order))


@router.post(
    "/orders/{order_id}/cancel",
    response_class=Response,
    summary="Cancel an order",
    responses=answers({200: "Order"}, {404: "", 409: "order_not_cancellable"}),
)
@rules(
    Access.OPTIONAL,
    key=Key.REQUIRED,
    guest_header=_TOKEN,
    guest_required=True,
    scope="orders:write",
)
async def cancel_order(request: ApiRequest, order_id: OrderId, body: CancelBody) -> Response:
    """Cancel an order that has not shipped; its stock and money go back."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.orders.CancelOrder,
        order_pb2.CancelOrderRequest(
            order_id=order_id, token=request.guest_token, reason=body.reason
        ),
    )
    return request.answer(200, render.order(reply.order))


@router.post(
    "/seller-orders/{seller_order_id}/cancel",
    response_class=Response,
    summary="Cancel what a seller cannot deliver",
    responses=answers(
        {200: "Order"},
        {
            403: "",
            404: "",
            409: "order_not_cancellable, quantity_not_cancellable, payment_not_captured,"
            " partial_refund_unavailable, order_changed",
        },
    ),
)
@rules(Access.ACCOUNT, members=SHIPPERS, key=Key.REQUIRED, scope="orders:write")
async def cancel_items(
    request: ApiRequest, seller_order_id: SellerOrderId, body: CancelledItemsBody
) -> Response:
    """Cancel units of the seller's own part that have not shipped; their money is refunded.

    Owners, managers and fulfilment. An order of which nothing is left is cancelled as a whole.
    """
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.orders.CancelItems,
        order_pb2.CancelItemsRequest(
            seller_order_id=seller_order_id,
            items=[
                fulfilment_pb2.ShipmentItem(item_id=item.item_id, quantity=item.quantity)
                for item in body.items or ()
            ],
            reason=body.reason,
            restock=body.restock,
        ),
    )
    return request.answer(200, render.order(reply.order))


@router.get(
    "/sellers/{id_or_slug}/orders",
    response_class=Response,
    summary="List a seller's orders",
    responses=answers({200: "Orders"}, {400: "invalid_cursor", 403: "", 404: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF, members=MEMBERS, scope="orders:read")
async def list_seller_orders(
    request: ApiRequest, id_or_slug: SellerName, limit: Limit = 20, cursor: Cursor = ""
) -> Response:
    """List orders from confirmed on, with the seller's own lines only."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.orders.ListSellerOrders,
        order_pb2.ListSellerOrdersRequest(
            seller=id_or_slug, page=PageRequest(limit=limit, cursor=cursor)
        ),
        retry=True,
    )
    return request.answer(
        200, page([render.order(each) for each in reply.orders], reply.next_cursor)
    )


@router.get(
    "/orders/{order_id}/payments",
    response_class=Response,
    summary="List an order's payments",
    tags=["Payments"],
    responses=answers({200: "Payments"}, {404: ""}),
)
@rules(Access.OPTIONAL, guest_header=_TOKEN, guest_required=True, scope="payments:read")
async def list_payments(request: ApiRequest, order_id: OrderId) -> Response:
    """List the payments of an order with their attempts; for whoever may read the order."""
    orders, payments = request.backend.orders, request.backend.payments
    # Orders alone knows whose order it is; only then may anybody see its payments.
    await request.ask(
        orders,
        orders.orders.GetOrder,
        order_pb2.GetOrderRequest(order_id=order_id, token=request.guest_token),
        retry=True,
    )
    reply = await request.ask(
        payments,
        payments.payments.ListPayments,
        payment_pb2.ListPaymentsRequest(order_id=order_id),
        retry=True,
        as_itself=True,
    )
    return request.answer(
        200, {"items": [render_payments.payment(each) for each in reply.payments]}
    )


@router.post(
    "/orders/{order_id}/refunds",
    status_code=201,
    response_class=Response,
    summary="Refund an order",
    tags=["Payments"],
    responses=answers({201: "Refund"}, {403: "", 404: "", 409: "refund_exceeds_captured"}),
)
@rules(
    Access.ACCOUNT,
    roles=STAFF,
    members=REFUNDERS,
    key=Key.REQUIRED,
    step_up=True,
    scope="payments:write",
)
async def create_refund(request: ApiRequest, order_id: OrderId, body: RefundBody) -> Response:
    """Give money back: an amount, lines, or all that is left.

    Admins and operators; a seller for its own part.
    """
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.refunds.CreateRefund,
        payment_pb2.CreateRefundRequest(
            order_id=order_id,
            amount=to_money(body.amount),
            items=[
                payment_pb2.RefundItem(item_id=item.item_id, quantity=item.quantity)
                for item in body.items or ()
            ],
            reason=body.reason,
            seller_order_id=body.seller_order_id or "",
        ),
    )
    return request.answer(201, render_payments.refund(reply.refund))
