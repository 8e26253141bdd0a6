"""Checkout's answers, idempotency keys, and errors of services as clients see them."""

import asyncio
import hashlib

import orjson
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import ServiceError, Violation, conflict, invalid
from devstack.testing import eventually
from soko.common.v1.money_pb2 import Money
from soko.orders.v1 import cart_pb2, order_pb2
from soko.payments.v1 import payment_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

CART = "cart_01h455vb4pex5vsknk084sn02q"
ORDER = "ord_01h455vb4pex5vsknk084sn02q"
PAY = {"payment_method": {"type": "sandbox", "token": "tok_success"}}


def answer_checkout(services, status, outcome="placed", **fields):
    services.answers["Checkout"] = lambda _request, _metadata: order_pb2.CheckoutResponse(
        order=order_pb2.Order(id=ORDER, status=status, token="secret", **fields), outcome=outcome
    )


async def checkout(running, key="k", body=PAY, **headers):
    return await running.client.post(
        f"/v1/carts/{CART}/checkout",
        json=body,
        headers={"Idempotency-Key": key, "X-Cart-Token": "t", **headers},
    )


@pytest.mark.parametrize(
    ("status", "outcome", "expected"),
    [
        ("confirmed", "placed", 201),
        ("awaiting_payment", "placed", 202),
        ("pending", "placed", 202),
        ("a_new_status", "placed", 202),
        ("confirmed", "existing", 200),
        ("cancelled", "existing", 200),
    ],
)
async def test_the_status_tells_how_far_a_checkout_got(running, status, outcome, expected):
    answer_checkout(running.services, status, outcome)
    answer = await checkout(running)
    assert answer.status_code == expected
    assert answer.json()["status"] == status
    assert answer.json()["token"] == "secret"
    assert answer.headers["Location"] == f"/v1/orders/{ORDER}"


async def test_a_checkout_says_everything_to_the_service(running):
    answer_checkout(running.services, "confirmed")
    address = {"name": "N", "line1": "1", "city": "C", "country": "KE", "phone": "+254"}
    body = {
        "payment_method": {"type": "mpesa", "phone": "+254700000000"},
        "email": "a@b.example",
        "shipping_address": address,
        "expected_total": {"amount_minor": 5, "currency": "KES"},
    }
    await checkout(running, body=body, **{"Accept-Language": "fr"})
    (call,) = running.services.got("Checkout")
    assert call.request.cart_id == CART
    assert call.request.token == "t"
    assert call.request.payment_method.phone == "+254700000000"
    assert call.request.shipping_address.city == "C"
    assert call.request.expected_total.amount_minor == 5
    assert call.request.locale == "fr"
    assert "authorization" not in call.metadata


async def test_what_the_buyer_must_do_is_shown(running):
    answer_checkout(
        running.services,
        "awaiting_payment",
        next_action=order_pb2.NextAction(
            type="sandbox", payment_id="pay_1", expires_at=Timestamp(seconds=1_700_000_000)
        ),
        created_at=Timestamp(seconds=1_700_000_000, nanos=123_456_789),
    )
    order = (await checkout(running)).json()
    assert order["next_action"] == {
        "type": "sandbox",
        "payment_id": "pay_1",
        "expires_at": "2023-11-14T22:13:20Z",
    }
    assert order["created_at"] == "2023-11-14T22:13:20.123456Z"


async def test_a_refusal_carries_its_facts_at_the_top_level(running):
    def declined(_request, _metadata):
        raise ServiceError(
            "payment_required",
            "payment_declined",
            "The card was declined.",
            extra={"order_id": ORDER, "reason": "insufficient_funds", "status": "never"},
        )

    running.services.answers["Checkout"] = declined
    answer = await checkout(running)
    problem = answer.json()
    assert answer.status_code == problem["status"] == 402
    assert problem["code"] == "payment_declined"
    assert (problem["order_id"], problem["reason"]) == (ORDER, "insufficient_funds")
    assert problem["instance"] == f"/v1/carts/{CART}/checkout"


async def test_a_conflict_may_say_when_to_come_back(running):
    lines = [{"variant_id": "var_1", "requested": 2, "available": 1}]

    def sold_out(_request, _metadata):
        raise conflict("out_of_stock", "Sold out.", lines=lines)

    def busy(_request, _metadata):
        raise conflict("checkout_in_flight", "Wait.", retry_after_s=2)

    running.services.answers["Checkout"] = sold_out
    answer = await checkout(running)
    assert (answer.status_code, answer.json()["lines"]) == (409, lines)
    assert "Retry-After" not in answer.headers
    running.services.answers["Checkout"] = busy
    answer = await checkout(running)
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "2")
    assert "retry_after_s" not in answer.json()


async def test_violations_of_a_service_are_shown(running):
    def refuse(_request, _metadata):
        raise invalid("currency_mismatch", "No.", [Violation("/items/0/variant_id", "No price.")])

    running.services.answers["CreateCart"] = refuse
    answer = await running.client.post("/v1/carts", json={})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"detail": "No price.", "pointer": "/items/0/variant_id"}]


async def test_an_internal_error_tells_nothing(running):
    def broken(_request, _metadata):
        raise RuntimeError("a secret detail")

    running.services.answers["CreateCart"] = broken
    answer = await running.client.post("/v1/carts", json={})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "secret" not in answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


def metadata_of(running, method):
    return [call.metadata for call in running.services.got(method)]


async def test_a_key_travels_with_its_scope_and_fingerprint(running):
    answer_checkout(running.services, "confirmed")
    await checkout(running, key="abc")
    (metadata,) = metadata_of(running, "Checkout")
    assert metadata["soko-idempotency-key"] == "abc"
    route = "/v1/carts/{cart_id}/checkout"
    scope = f"guest:{CART}:t|POST|{route}"
    assert metadata["soko-idempotency-scope"] == hashlib.sha256(scope.encode()).hexdigest()
    canonical = orjson.dumps(PAY, option=orjson.OPT_SORT_KEYS)
    text = b"\n".join((b"POST", f"/v1/carts/{CART}/checkout".encode(), canonical))
    assert metadata["soko-idempotency-fingerprint"] == hashlib.sha256(text).hexdigest()


async def test_a_quoted_key_is_the_same_as_a_bare_one(running):
    answer_checkout(running.services, "confirmed")
    for key in ("abc", '"abc"', " abc "):
        await checkout(running, key=key.strip())
    keys = {metadata["soko-idempotency-key"] for metadata in metadata_of(running, "Checkout")}
    assert keys == {"abc"}


async def test_member_order_and_spaces_do_not_change_the_fingerprint(running):
    for content in (b'{"currency":"KES","country":"KE"}', b'{ "country":"KE","currency": "KES" }'):
        await running.client.post(
            "/v1/carts",
            content=content,
            headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
        )
    one, two = metadata_of(running, "CreateCart")
    assert one["soko-idempotency-fingerprint"] == two["soko-idempotency-fingerprint"]
    assert one["soko-idempotency-scope"] == two["soko-idempotency-scope"]


async def test_strangers_share_a_key_only_for_the_same_body(running):
    """Two guests may choose the same key: with other bodies they must not meet."""
    for country in ("KE", "TZ"):
        await running.client.post(
            "/v1/carts", json={"country": country}, headers={"Idempotency-Key": "1"}
        )
    one, two = metadata_of(running, "CreateCart")
    assert one["soko-idempotency-scope"] != two["soko-idempotency-scope"]


async def test_an_account_has_a_scope_of_its_own(running, make_id):
    account = make_id("usr")
    for token in (running.issuer.token(account), running.issuer.token(account)):
        await running.client.post(
            "/v1/carts",
            json={},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "1"},
        )
    await running.client.post(
        "/v1/carts", json={}, headers={**running.issuer.bearer(), "Idempotency-Key": "1"}
    )
    one, two, other = [
        each["soko-idempotency-scope"] for each in metadata_of(running, "CreateCart")
    ]
    assert one == two != other


async def test_another_guests_token_is_another_scope(running):
    answer_checkout(running.services, "confirmed")
    await checkout(running)
    await checkout(running, **{"X-Cart-Token": "guessed"})
    one, two = metadata_of(running, "Checkout")
    assert one["soko-idempotency-scope"] != two["soko-idempotency-scope"]


async def test_a_stored_answer_is_marked(running):
    def stored(_request, _metadata):
        answer = order_pb2.CheckoutResponse(order=order_pb2.Order(id=ORDER, status="confirmed"))
        return answer, {"soko-idempotent-replayed": "1"}

    running.services.answers["Checkout"] = stored
    answer = await checkout(running)
    assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (201, "true")
    answer_checkout(running.services, "confirmed")
    assert "Idempotent-Replayed" not in (await checkout(running)).headers


@pytest.mark.parametrize(
    "path",
    [f"/v1/orders/{ORDER}/cancel", f"/v1/orders/{ORDER}/refunds", f"/v1/carts/{CART}/checkout"],
)
async def test_a_key_is_required_where_money_or_stock_moves(running, path):
    body = PAY if path.endswith("checkout") else {"reason": "broken"}
    answer = await running.client.post(path, json=body, headers=running.issuer.bearer())
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_calls_that_know_no_key_ignore_it(running):
    await running.client.post(
        "/v1/auth/login", json={"email": "a", "password": "b"}, headers={"Idempotency-Key": ""}
    )
    (metadata,) = metadata_of(running, "Login")
    assert "soko-idempotency-key" not in metadata


async def test_a_service_that_is_away_is_named_at_once(running):
    await running.services.stop("payments")
    try:
        started = asyncio.get_running_loop().time()
        answer = await running.client.get("/v1/payment-methods")
        assert asyncio.get_running_loop().time() - started < 1
        assert answer.status_code == 503
        assert answer.json()["service"] == "payments"
        assert answer.json()["code"] == "service_unavailable"
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await running.client.post("/v1/carts", json={})).status_code == 201
    finally:
        await running.services.start("payments")

    async def is_back():
        return (await running.client.get("/v1/payment-methods")).status_code == 200

    await eventually(is_back)


async def test_a_service_that_does_not_answer_is_named_in_time(running):
    async def never(_request, _metadata):
        await asyncio.Event().wait()

    running.services.answers["ListPaymentMethods"] = never
    started = asyncio.get_running_loop().time()
    answer = await running.client.get("/v1/payment-methods")
    assert asyncio.get_running_loop().time() - started < 5
    assert (answer.status_code, answer.json()["service"]) == (504, "payments")
    assert int(answer.headers["Retry-After"]) >= 1


async def test_payments_are_shown_to_whoever_may_read_the_order(running):
    def hidden(_request, _metadata):
        raise ServiceError("not_found", "not_found")

    running.services.answers["ListPayments"] = lambda _request, _metadata: (
        payment_pb2.ListPaymentsResponse(
            payments=[payment_pb2.Payment(id="pay_1", amount=Money(amount_minor=5, currency="KES"))]
        )
    )
    path, token = f"/v1/orders/{ORDER}/payments", {"X-Order-Token": "t"}
    shown = await running.client.get(path, headers=token)
    assert shown.json()["items"][0]["amount"] == {"amount_minor": 5, "currency": "KES"}
    (asked,) = running.services.got("GetOrder")
    assert (asked.request.token, asked.metadata["soko-service"]) == ("t", "gateway")
    running.services.answers["GetOrder"] = hidden
    assert (await running.client.get(path, headers=token)).status_code == 404
    assert (await running.client.get(path)).status_code == 401
    assert len(running.services.got("ListPayments")) == 1


async def test_cart_lines_are_shown_whole(running):
    money = Money(amount_minor=500, currency="KES")
    cart = cart_pb2.Cart(
        id=CART,
        token="secret",
        status="open",
        currency="KES",
        items=[cart_pb2.Item(id="item_1", variant_id="var_1", quantity=2, unit_price=money)],
        totals=cart_pb2.Totals(total=money),
        version=3,
    )
    running.services.answers["AddItem"] = lambda _request, _metadata: cart_pb2.AddItemResponse(
        cart=cart
    )
    answer = await running.client.post(
        f"/v1/carts/{CART}/items",
        json={"variant_id": "var_01h455vb4pex5vsknk084sn02q", "quantity": 2},
        headers={"X-Cart-Token": "secret"},
    )
    body = answer.json()
    assert answer.status_code == 201
    assert body["items"][0]["unit_price"] == {"amount_minor": 500, "currency": "KES"}
    assert body["totals"]["total"]["amount_minor"] == 500
    assert (body["token"], body["version"]) == ("secret", 3)
    assert running.services.got("AddItem")[0].request.token == "secret"
