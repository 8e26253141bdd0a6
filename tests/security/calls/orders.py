"""Carts, orders and their money."""

from __future__ import annotations

from tests.e2e.marketplace import ADDRESS, SUCCESS, unique
from tests.security.callers import TOKEN
from tests.security.calls.operation import Call, operation
from tests.security.things import Things, keyed


@operation("POST /v1/carts")
async def create_cart(things: Things, caller: str) -> Call:
    product = await things.product()
    return Call(json={"items": [{"variant_id": product.variant_id, "quantity": 1}]})


@operation("GET /v1/carts/{cart_id}")
async def read_cart(things: Things, caller: str) -> Call:
    cart, header = await things.cart(caller)
    return Call({"cart_id": cart["id"]}, headers=header)


@operation("POST /v1/carts/{cart_id}/items")
async def add_item(things: Things, caller: str) -> Call:
    cart, header = await things.cart(caller)
    body = {"variant_id": (await things.product()).variant_id, "quantity": 1}
    return Call({"cart_id": cart["id"]}, body, header | keyed())


@operation("PATCH /v1/carts/{cart_id}/items/{item_id}")
async def change_item(things: Things, caller: str) -> Call:
    cart, header = await things.cart(caller)
    path = {"cart_id": cart["id"], "item_id": cart["items"][0]["id"]}
    return Call(path, {"quantity": 2}, header)


@operation("DELETE /v1/carts/{cart_id}/items/{item_id}", uses_up=True)
async def remove_item(things: Things, caller: str) -> Call:
    cart, header = await things.cart(caller)
    return Call({"cart_id": cart["id"], "item_id": cart["items"][0]["id"]}, headers=header)


@operation("POST /v1/carts/{cart_id}/claim", uses_up=True)
async def claim_cart(things: Things, caller: str) -> Call:
    """Everybody but ``buyer`` brings the guest's token: with it the cart is whose who asks."""
    cart, _ = await things.cart(TOKEN)
    token = (await things.foreign_cart())["token"] if caller == "buyer" else cart["token"]
    return Call({"cart_id": cart["id"]}, headers={"X-Cart-Token": token} | keyed())


@operation("PUT /v1/carts/{cart_id}/email")
async def set_email(things: Things, caller: str) -> Call:
    cart, header = await things.cart(caller)
    return Call({"cart_id": cart["id"]}, {"email": "someone@test.example"}, header)


@operation("PUT /v1/carts/{cart_id}/shipping-address")
async def set_shipping_address(things: Things, caller: str) -> Call:
    cart, header = await things.cart(caller)
    return Call({"cart_id": cart["id"]}, ADDRESS, header)


@operation("POST /v1/carts/{cart_id}/checkout", uses_up=True)
async def checkout(things: Things, caller: str) -> Call:
    cart, header = await things.cart(caller)
    return Call({"cart_id": cart["id"]}, {"payment_method": SUCCESS}, header | keyed())


@operation(
    "GET /v1/orders/{order_id}", "GET /v1/orders/{order_id}/timeline",
    "GET /v1/orders/{order_id}/payments",
)  # fmt: skip
async def of_order(things: Things, caller: str) -> Call:
    order, header = await things.order(caller)
    return Call({"order_id": order["id"]}, headers=header)


@operation("POST /v1/orders/{order_id}/cancel", uses_up=True)
async def cancel_order(things: Things, caller: str) -> Call:
    order, header = await things.order(caller)
    return Call({"order_id": order["id"]}, {"reason": "changed my mind"}, header | keyed())


@operation("POST /v1/orders/{order_id}/refunds")
async def create_refund(things: Things, caller: str) -> Call:
    order, header = await things.order(caller)
    body = {"amount": {"amount_minor": 100, "currency": "KES"}, "reason": "late"}
    return Call({"order_id": order["id"]}, body, header | keyed())


@operation("POST /v1/orders/{order_id}/disputes")
async def record_dispute(things: Things, caller: str) -> Call:
    order, header = await things.order(caller)
    amount = {"amount_minor": 100, "currency": "KES"}
    body = {"reference": unique("dispute"), "status": "opened", "amount": amount}
    return Call({"order_id": order["id"]}, body, header | keyed())


@operation("POST /v1/orders/{order_id}/shipments", uses_up=True)
async def create_shipment(things: Things, caller: str) -> Call:
    order, header = await things.order(caller)
    items = [{"item_id": order["items"][0]["id"], "quantity": 1}]
    return Call({"order_id": order["id"]}, {"carrier": "posta", "items": items}, header | keyed())


@operation("POST /v1/seller-orders/{seller_order_id}/cancel", uses_up=True)
async def cancel_items(things: Things, caller: str) -> Call:
    order, header = await things.order(caller)
    part = order["seller_orders"][0]["id"]
    return Call({"seller_order_id": part}, {"reason": "damaged"}, header | keyed())


@operation("POST /v1/shipments/{shipment_id}/events")
async def record_shipment_event(things: Things, caller: str) -> Call:
    parcel = await things.shipment()
    return Call({"shipment_id": parcel["id"]}, {"status": "in_transit"}, keyed())


@operation("POST /v1/ledger/settlements")
async def record_settlement(things: Things, caller: str) -> Call:
    settled = {"amount_minor": 100, "currency": "KES"}
    body = {"provider": "sandbox", "reference": unique("settlement"), "settled": settled}
    return Call(json=body, headers=keyed())


@operation("PUT /v1/commission-rules")
async def put_commission_rule(things: Things, caller: str) -> Call:
    return Call(json={"category_id": await things.category(), "rate_bps": 200})


@operation("DELETE /v1/commission-rules/{rule_id}", uses_up=True)
async def remove_commission_rule(things: Things, caller: str) -> Call:
    return Call({"rule_id": await things.commission_rule()})


@operation("POST /v1/sandbox/payments/{payment_id}/succeed", uses_up=True)
@operation("POST /v1/sandbox/payments/{payment_id}/fail", uses_up=True)
async def decide_payment(things: Things, caller: str) -> Call:
    return Call({"payment_id": await things.waiting_payment()})
