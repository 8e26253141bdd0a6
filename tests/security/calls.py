"""How each operation is called well, by whoever calls: a builder per line of openapi.json."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from simulators.stripe import StripeSimulator
from tests.e2e.marketplace import ADDRESS, PASSWORD, SUCCESS, unique
from tests.e2e.simulated_providers import ISSUER
from tests.e2e.stack import CARRIER_SECRET
from tests.security.callers import TOKEN, WRONG
from tests.security.things import Things, carrier_update, keyed, picture

OTHER_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
FORGED = "A" * 43


@dataclass
class Call:
    """A request without its caller's credentials."""

    path: dict[str, str] = field(default_factory=dict)
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    files: Any = None
    query: dict[str, str] = field(default_factory=dict)


Builder = Callable[[Things, str], Awaitable[Call]]


@dataclass(frozen=True)
class Operation:
    build: Builder
    uses_up: bool
    """Whether a call that succeeds leaves nothing to be called again: it gets a fresh thing."""


OPERATIONS: dict[str, Operation] = {}


def operation(*names: str, uses_up: bool = False) -> Callable[[Builder], Builder]:
    """Register a builder under an operation's method and path."""

    def register(build: Builder) -> Builder:
        for name in names:
            assert name not in OPERATIONS, name
            OPERATIONS[name] = Operation(build, uses_up)
        return build

    return register


@operation(
    "GET /.well-known/jwks.json", "GET /livez", "GET /readyz", "GET /v1/categories",
    "GET /v1/commission-rules", "GET /v1/ledger/accounts", "GET /v1/ledger/entries", "GET /v1/me",
    "GET /v1/notifications", "GET /v1/ops/reconciliation", "GET /v1/orders", "GET /v1/api-keys",
    "GET /v1/me/sessions",
    "GET /v1/payment-methods", "GET /v1/products", "POST /v1/ws-tickets",
    "POST /v1/me/email-verification", "POST /v1/me/totp", "POST /v1/me/export",
)  # fmt: skip
async def nothing(things: Things, caller: str) -> Call:
    return Call()


# Accounts


@operation("POST /v1/auth/register")
async def register(things: Things, caller: str) -> Call:
    email = f"{unique('new')}@test.example"
    return Call(json={"email": email, "password": PASSWORD, "name": "New"})


@operation("POST /v1/auth/login")
async def login(things: Things, caller: str) -> Call:
    # Each a name of its own: many at once of one name are taken for guesses.
    account = things.people.accounts.get(caller) or await things.market.register("login")
    return Call(json={"email": account.email, "password": PASSWORD})


@operation("POST /v1/auth/refresh", uses_up=True)
async def refresh(things: Things, caller: str) -> Call:
    session = await things.market.register("refresh")
    return Call(json={"refresh_token": session.tokens["refresh_token"]})


@operation("POST /v1/auth/logout", uses_up=True)
async def logout(things: Things, caller: str) -> Call:
    if caller not in things.people.accounts:
        return Call()
    session = await things.session(caller)
    return Call(headers=session.headers)


@operation("POST /v1/auth/password-reset")
async def request_password_reset(things: Things, caller: str) -> Call:
    return Call(json={"email": things.people.accounts["buyer"].email})


@operation("POST /v1/auth/password-reset/confirm", uses_up=True)
async def confirm_password_reset(things: Things, caller: str) -> Call:
    token = await things.mailed_token("reset-password") if caller == TOKEN else FORGED
    return Call(json={"token": token, "new_password": "another-long-test-password"})


@operation("POST /v1/auth/verify-email", uses_up=True)
async def verify_email(things: Things, caller: str) -> Call:
    token = await things.mailed_token("verify-email") if caller == TOKEN else FORGED
    return Call(json={"token": token})


@operation("POST /v1/auth/step-up")
async def step_up(things: Things, caller: str) -> Call:
    return Call(json={"password": PASSWORD})


@operation("POST /v1/me/totp/confirm", uses_up=True)
async def confirm_totp(things: Things, caller: str) -> Call:
    """An account of its own confirms for whoever has one: the people need no codes later on."""
    if caller not in things.people.accounts:
        return Call(json={"code": "000000"})
    headers, code = await things.with_code()
    return Call(json={"code": code}, headers=headers)


@operation("DELETE /v1/me/totp", uses_up=True)
async def remove_totp(things: Things, caller: str) -> Call:
    if caller not in things.people.accounts:
        return Call()
    return Call(headers=await things.with_second_factor())


@operation("DELETE /v1/me/sessions/{session_id}", uses_up=True)
async def revoke_session(things: Things, caller: str) -> Call:
    session = await things.session("buyer")
    listed = await things.market.client.get("/v1/me/sessions", headers=session.headers)
    (current,) = [each["id"] for each in listed.json()["items"] if each["current"]]
    return Call(path={"session_id": current})


@operation("POST /v1/me/password", uses_up=True)
async def change_password(things: Things, caller: str) -> Call:
    """An account of its own changes its password for whoever has one: the others log in later."""
    passwords = {"current_password": PASSWORD, "new_password": "another-long-test-password"}
    if caller not in things.people.accounts:
        return Call(json=passwords)
    changing = await things.market.register("changing")
    return Call(headers=changing.headers, json=passwords)


@operation("PATCH /v1/me")
async def change_me(things: Things, caller: str) -> Call:
    return Call(json={"name": caller})


@operation("DELETE /v1/me", uses_up=True)
async def delete_me(things: Things, caller: str) -> Call:
    """An account of its own leaves for whoever has one: the people are needed later on."""
    if caller not in things.people.accounts:
        return Call(json={"password": PASSWORD})
    leaving = await things.market.register("leaving")
    return Call(headers=leaving.headers, json={"password": PASSWORD})


@operation("GET /v1/me/cart")
async def read_my_cart(things: Things, caller: str) -> Call:
    await things.cart("buyer")
    return Call()


@operation("POST /v1/api-keys")
async def create_api_key(things: Things, caller: str) -> Call:
    return Call(json={"name": unique("key"), "scopes": ["orders:read"]})


@operation("DELETE /v1/api-keys/{api_key_id}", uses_up=True)
async def revoke_api_key(things: Things, caller: str) -> Call:
    return Call({"api_key_id": await things.api_key(caller)})


@operation("PUT /v1/admin/accounts/{account_id}/roles", uses_up=True)
async def set_roles(things: Things, caller: str) -> Call:
    return Call({"account_id": (await things.stranger()).id}, {"roles": ["moderator"]})


@operation("POST /v1/notifications/{notification_id}/read")
async def mark_read(things: Things, caller: str) -> Call:
    return Call({"notification_id": await things.notification()}, headers=keyed())


@operation("GET /v1/auth/oauth", "GET /v1/me/identities")
async def of_providers(things: Things, caller: str) -> Call:
    return Call()


@operation("GET /v1/auth/oauth/{provider}/authorize")
async def begin_external_login(things: Things, caller: str) -> Call:
    return Call({"provider": ISSUER})


@operation("POST /v1/auth/oauth/{provider}/callback", uses_up=True)
async def finish_external_login(things: Things, caller: str) -> Call:
    body = {"code": FORGED, "state": FORGED, "client_token": FORGED}
    if caller != WRONG:
        client = things.market.client
        body = await things.came_back(lambda: client.get(f"/v1/auth/oauth/{ISSUER}/authorize"))
    return Call({"provider": ISSUER}, body)


@operation("POST /v1/me/identities/{provider}")
async def begin_link(things: Things, caller: str) -> Call:
    """An account of its own begins for whoever has one: only verified ones may."""
    if caller not in things.people.accounts:
        return Call({"provider": ISSUER})
    return Call({"provider": ISSUER}, headers=(await things.verified()).headers)


@operation("POST /v1/me/identities/{provider}/callback", uses_up=True)
async def finish_link(things: Things, caller: str) -> Call:
    if caller not in things.people.accounts:
        return Call({"provider": ISSUER}, {"code": FORGED, "state": FORGED})
    account, client = await things.verified(), things.market.client
    path = f"/v1/me/identities/{ISSUER}"
    body = await things.came_back(lambda: client.post(path, headers=account.headers))
    return Call({"provider": ISSUER}, body, account.headers)


@operation("DELETE /v1/me/identities/{provider}", uses_up=True)
async def unlink_identity(things: Things, caller: str) -> Call:
    if caller not in things.people.accounts:
        return Call({"provider": ISSUER})
    return Call({"provider": ISSUER}, headers=(await things.linked()).headers)


# Sellers


@operation("POST /v1/sellers")
async def open_seller(things: Things, caller: str) -> Call:
    return Call(json={"name": unique("Shop"), "country": "KE", "currency": "KES"}, headers=keyed())


@operation(
    "GET /v1/sellers/{id_or_slug}", "GET /v1/sellers/{id_or_slug}/members",
    "GET /v1/sellers/{id_or_slug}/locations", "GET /v1/sellers/{id_or_slug}/orders",
    "GET /v1/sellers/{id_or_slug}/balance", "GET /v1/sellers/{id_or_slug}/payouts",
)  # fmt: skip
async def of_seller(things: Things, caller: str) -> Call:
    return Call({"id_or_slug": things.people.seller_id})


@operation("PATCH /v1/sellers/{id_or_slug}")
async def change_seller(things: Things, caller: str) -> Call:
    return Call({"id_or_slug": things.people.seller_id}, {"name": unique("Seller")})


@operation("POST /v1/sellers/{id_or_slug}/members", uses_up=True)
async def put_member(things: Things, caller: str) -> Call:
    body = {"email": (await things.stranger()).email, "role": "viewer"}
    return Call({"id_or_slug": things.people.seller_id}, body, keyed())


@operation("DELETE /v1/sellers/{id_or_slug}/members/{user_id}", uses_up=True)
async def remove_member(things: Things, caller: str) -> Call:
    member = await things.member()
    return Call({"id_or_slug": things.people.seller_id, "user_id": member.id})


@operation("POST /v1/sellers/{id_or_slug}/locations")
async def create_location(things: Things, caller: str) -> Call:
    body = {"name": unique("Store"), "country": "KE"}
    return Call({"id_or_slug": things.people.seller_id}, body, keyed())


@operation("POST /v1/sellers/{id_or_slug}/products")
async def create_product(things: Things, caller: str) -> Call:
    return Call({"id_or_slug": things.people.seller_id}, things.product_body(), keyed())


@operation("POST /v1/sellers/{id_or_slug}/payouts")
async def create_payout(things: Things, caller: str) -> Call:
    await things.earnings()
    body = {"amount": {"amount_minor": 100, "currency": "KES"}}
    return Call({"id_or_slug": things.people.seller_id}, body, keyed())


# Catalogue


@operation("GET /v1/products/{id_or_slug}")
async def read_draft(things: Things, caller: str) -> Call:
    return Call({"id_or_slug": (await things.draft())["id"]})


@operation("PATCH /v1/products/{product_id}")
async def change_product(things: Things, caller: str) -> Call:
    product = await things.product()
    return Call({"product_id": product.id}, {"description": caller}, {"If-Match": "*"})


@operation("DELETE /v1/products/{product_id}", uses_up=True)
async def archive_product(things: Things, caller: str) -> Call:
    return Call({"product_id": (await things.product()).id})


@operation("POST /v1/products/{product_id}/variants")
async def add_variant(things: Things, caller: str) -> Call:
    price = {"amount_minor": 100, "currency": "KES"}
    body = {"sku": unique("SKU"), "price": price}
    return Call({"product_id": (await things.product()).id}, body, keyed())


@operation("POST /v1/products/{product_id}/media")
async def add_media(things: Things, caller: str) -> Call:
    file = ("kettle.png", picture(), "image/png")
    return Call({"product_id": (await things.product()).id}, headers=keyed(), files={"file": file})


@operation("GET /v1/media/{media_id}/{rendition}")
async def get_rendition(things: Things, caller: str) -> Call:
    return Call({"media_id": (await things.media())["id"], "rendition": "thumb"})


@operation("PATCH /v1/variants/{variant_id}")
async def change_variant(things: Things, caller: str) -> Call:
    return Call({"variant_id": (await things.spare_variant())["id"]}, {"title": unique("Red")})


@operation("DELETE /v1/variants/{variant_id}", uses_up=True)
async def remove_variant(things: Things, caller: str) -> Call:
    return Call({"variant_id": (await things.spare_variant())["id"]})


@operation("GET /v1/variants/{variant_id}/stock")
async def read_stock(things: Things, caller: str) -> Call:
    return Call({"variant_id": (await things.product()).variant_id})


@operation("PUT /v1/variants/{variant_id}/stock")
async def set_stock(things: Things, caller: str) -> Call:
    variant_id = (await things.product()).variant_id
    return Call({"variant_id": variant_id}, {"on_hand": 9001}, {"If-Match": "*"})


@operation("POST /v1/categories")
async def create_category(things: Things, caller: str) -> Call:
    return Call(json={"name": unique("Category")}, headers=keyed())


@operation("PATCH /v1/categories/{category_id}")
async def change_category(things: Things, caller: str) -> Call:
    return Call({"category_id": await things.category()}, {"name": unique("Category")})


# Carts


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


# Orders


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


# Money


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


# Machines


@operation("GET /v1/admin/audit-log")
async def read_audit_log(things: Things, caller: str) -> Call:
    return Call()


@operation("GET /v1/ops/audit")
async def get_last_audit(things: Things, caller: str) -> Call:
    return Call()


@operation("POST /v1/webhooks/delivery")
async def receive_carrier_update(things: Things, caller: str) -> Call:
    secret = OTHER_SECRET if caller == WRONG else CARRIER_SECRET
    body, signature = carrier_update((await things.shipment())["tracking_number"], secret)
    headers = {"Content-Type": "application/json"}
    return Call(content=body, headers=headers | (signature if caller in (TOKEN, WRONG) else {}))


@operation("POST /v1/webhooks/payments/{provider}")
async def receive_provider_webhook(things: Things, caller: str) -> Call:
    secret = OTHER_SECRET if caller == WRONG else StripeSimulator().webhook_secret
    event = {"id": unique("evt"), "type": "nothing.of.ours", "data": {"object": {}}}
    body, signature = StripeSimulator(webhook_secret=secret).signed(event)
    headers = {"Content-Type": "application/json"}
    if caller in (TOKEN, WRONG):
        headers["Stripe-Signature"] = signature
    return Call({"provider": "stripe"}, content=body, headers=headers)
