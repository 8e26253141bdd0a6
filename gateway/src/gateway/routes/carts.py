"""Carts and their checkout."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway import headers
from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import AddressBody, CartId, ItemId
from gateway.bodies.orders import CartBody, CheckoutBody, EmailBody, NewItemBody, QuantityBody
from gateway.openapi import answers
from gateway.rendering import orders as render
from gateway.rendering.values import to_address, to_money
from gateway.rules import Access, Key, rules
from soko.orders.v1 import cart_pb2, order_pb2

router = APIRouter(prefix="/v1", tags=["Carts"], route_class=ApiRoute)

CHECKOUT_TIMEOUT_S = 4.8
"""A checkout answers within five seconds; what is unknown by then goes on without the client."""
_TOKEN = "X-Cart-Token"  # noqa: S105 - a header's name
_PLACED_STATUS = {"confirmed": 201, "completed": 201, "cancelled": 200}


@router.post(
    "/carts",
    status_code=201,
    response_class=Response,
    summary="Open a cart",
    responses=answers(
        {201: "Cart"}, {409: "insufficient_stock", 422: "variant_unknown, currency_mismatch"}
    ),
)
@rules(Access.OPTIONAL, key=Key.HONOURED, scope="orders:write")
async def create_cart(request: ApiRequest, body: CartBody = CartBody()) -> Response:  # noqa: B008
    """Open a cart, with first lines, e-mail and address if they are known.

    A guest gets the cart's `token`, here only.
    """
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.carts.CreateCart,
        cart_pb2.CreateCartRequest(
            currency=body.currency or "",
            country=body.country or "",
            items=[
                cart_pb2.NewItem(variant_id=item.variant_id, quantity=item.quantity)
                for item in body.items or ()
            ],
            email=body.email or "",
            shipping_address=to_address(body.shipping_address),
        ),
    )
    return request.answer(201, render.cart(reply.cart), {"Location": f"/v1/carts/{reply.cart.id}"})


@router.get(
    "/carts/{cart_id}",
    response_class=Response,
    summary="Read a cart",
    responses=answers({200: "Cart"}, {404: ""}),
)
@rules(Access.OPTIONAL, guest_header=_TOKEN, scope="orders:read")
async def read_cart(request: ApiRequest, cart_id: CartId) -> Response:
    """Read a cart."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.carts.GetCart,
        cart_pb2.GetCartRequest(cart_id=cart_id, token=request.guest_token),
        retry=True,
    )
    return request.answer(200, render.cart(reply.cart))


@router.get(
    "/me/cart",
    response_class=Response,
    summary="Read the account's cart",
    responses=answers({200: "Cart"}, {404: ""}),
)
@rules(Access.ACCOUNT, scope="orders:read")
async def read_my_cart(request: ApiRequest) -> Response:
    """Read the caller's open cart."""
    orders = request.backend.orders
    reply = await request.ask(
        orders, orders.carts.GetMyCart, cart_pb2.GetMyCartRequest(), retry=True
    )
    return request.answer(200, render.cart(reply.cart))


@router.post(
    "/carts/{cart_id}/items",
    status_code=201,
    response_class=Response,
    summary="Add to a cart",
    responses=answers(
        {201: "Cart"},
        {
            404: "",
            409: "insufficient_stock, cart_checked_out",
            422: "variant_unknown, currency_mismatch",
        },
    ),
)
@rules(Access.OPTIONAL, key=Key.HONOURED, guest_header=_TOKEN, scope="orders:write")
async def add_item(request: ApiRequest, cart_id: CartId, body: NewItemBody) -> Response:
    """Add units of a variant; units of one that is there already are added to its line."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.carts.AddItem,
        cart_pb2.AddItemRequest(
            cart_id=cart_id,
            token=request.guest_token,
            item=cart_pb2.NewItem(variant_id=body.variant_id, quantity=body.quantity),
        ),
    )
    return request.answer(201, render.cart(reply.cart))


@router.patch(
    "/carts/{cart_id}/items/{item_id}",
    response_class=Response,
    summary="Change a quantity",
    responses=answers({200: "Cart"}, {404: "", 409: "insufficient_stock, cart_checked_out"}),
)
@rules(Access.OPTIONAL, guest_header=_TOKEN, scope="orders:write")
async def change_item(
    request: ApiRequest, cart_id: CartId, item_id: ItemId, body: QuantityBody
) -> Response:
    """Set how many units a line has."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.carts.UpdateItem,
        cart_pb2.UpdateItemRequest(
            cart_id=cart_id, token=request.guest_token, item_id=item_id, quantity=body.quantity
        ),
    )
    return request.answer(200, render.cart(reply.cart))


@router.delete(
    "/carts/{cart_id}/items/{item_id}",
    response_class=Response,
    summary="Remove a line",
    responses=answers({200: "Cart"}, {404: "", 409: "cart_checked_out"}),
)
@rules(Access.OPTIONAL, guest_header=_TOKEN, scope="orders:write")
async def remove_item(request: ApiRequest, cart_id: CartId, item_id: ItemId) -> Response:
    """Take a line out of a cart."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.carts.RemoveItem,
        cart_pb2.RemoveItemRequest(cart_id=cart_id, token=request.guest_token, item_id=item_id),
    )
    return request.answer(200, render.cart(reply.cart))


@router.post(
    "/carts/{cart_id}/claim",
    response_class=Response,
    summary="Claim a guest's cart",
    responses=answers({200: "Cart"}, {404: "", 409: "cart_checked_out"}),
)
@rules(Access.ACCOUNT, key=Key.HONOURED, guest_header=_TOKEN, scope="orders:write")
async def claim_cart(request: ApiRequest, cart_id: CartId) -> Response:
    """Make a guest's cart the caller's, merged into the caller's open one by variant."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.carts.ClaimCart,
        cart_pb2.ClaimCartRequest(cart_id=cart_id, token=request.guest_token),
    )
    return request.answer(200, render.cart(reply.cart))


@router.put(
    "/carts/{cart_id}/email",
    response_class=Response,
    summary="Set the e-mail address",
    responses=answers({200: "Cart"}, {404: "", 409: "cart_checked_out"}),
)
@rules(Access.OPTIONAL, guest_header=_TOKEN, scope="orders:write")
async def set_email(request: ApiRequest, cart_id: CartId, body: EmailBody) -> Response:
    """Set where mail about the order goes."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.carts.SetEmail,
        cart_pb2.SetEmailRequest(cart_id=cart_id, token=request.guest_token, email=body.email),
    )
    return request.answer(200, render.cart(reply.cart))


@router.put(
    "/carts/{cart_id}/shipping-address",
    response_class=Response,
    summary="Set the shipping address",
    responses=answers({200: "Cart"}, {404: "", 409: "cart_checked_out"}),
)
@rules(Access.OPTIONAL, guest_header=_TOKEN, scope="orders:write")
async def set_shipping_address(request: ApiRequest, cart_id: CartId, body: AddressBody) -> Response:
    """Set where the goods go."""
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.carts.SetShippingAddress,
        cart_pb2.SetShippingAddressRequest(
            cart_id=cart_id, token=request.guest_token, address=to_address(body)
        ),
    )
    return request.answer(200, render.cart(reply.cart))


@router.post(
    "/carts/{cart_id}/checkout",
    status_code=201,
    response_class=Response,
    summary="Place the order",
    responses=answers(
        {201: "Order", 202: "Order", 200: "Order"},
        {
            402: "payment_declined",
            404: "",
            409: "out_of_stock, price_changed, not_for_sale, reservation_limit, "
            "checkout_in_flight, cart_empty",
            422: "address_required, email_required",
            429: "too_many_attempts",
        },
    ),
)
@rules(
    Access.OPTIONAL,
    key=Key.REQUIRED,
    guest_header=_TOKEN,
    timeout_s=CHECKOUT_TIMEOUT_S + 0.1,
    scope="orders:write",
)
async def checkout(request: ApiRequest, cart_id: CartId, body: CheckoutBody) -> Response:
    """Place the order of a cart: reserve the stock, take the payment, confirm.

    201: confirmed. 202: it awaits the buyer (`next_action`) or a peer's answer; it resolves by
    itself. 200: the order that this cart had become before.
    """
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.checkout.Checkout,
        order_pb2.CheckoutRequest(
            cart_id=cart_id,
            token=request.guest_token,
            payment_method=order_pb2.PaymentMethod(
                type=body.payment_method.type,
                token=body.payment_method.token or "",
                phone=body.payment_method.phone or "",
            ),
            email=body.email or "",
            shipping_address=to_address(body.shipping_address),
            expected_total=to_money(body.expected_total),
            locale=headers.preferred_language(request.scope),
        ),
        timeout_s=CHECKOUT_TIMEOUT_S,
    )
    status = checkout_status(reply)
    return request.answer(
        status, render.order(reply.order), {"Location": f"/v1/orders/{reply.order.id}"}
    )


def checkout_status(reply: order_pb2.CheckoutResponse) -> int:
    """Return the HTTP status that tells how far a checkout got."""
    if reply.outcome == "existing":
        return 200
    return _PLACED_STATUS.get(reply.order.status, 202)
