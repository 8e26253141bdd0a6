"""Parcels over REST: what clients send, what services get, and what comes back."""

from __future__ import annotations

import hashlib

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import ServiceError, conflict, unauthenticated
from chassis.ids import format_id, new_id
from soko.orders.v1 import cart_pb2, order_pb2
from soko.orders.v1 import fulfilment_pb2 as pb

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER, PART, LINE, PARCEL = (
    format_id(prefix, new_id()) for prefix in ("ord", "sor", "item", "shp")
)
SHIPMENT = pb.Shipment(
    id=PARCEL,
    order_id=ORDER,
    seller_order_id=PART,
    carrier="posta",
    status="created",
    items=[pb.ShipmentItem(item_id=LINE, quantity=2)],
    events=[
        pb.ShipmentEvent(status="created", occurred_at=Timestamp(seconds=1_700_000_000)),
        pb.ShipmentEvent(
            status="failed", occurred_at=Timestamp(seconds=1_700_000_060), location="X"
        ),
    ],
)
SHOWN = {
    "id": PARCEL,
    "order_id": ORDER,
    "seller_order_id": PART,
    "carrier": "posta",
    "tracking_number": None,
    "status": "created",
    "items": [{"item_id": LINE, "quantity": 2}],
    "events": [
        {"status": "created", "occurred_at": "2023-11-14T22:13:20Z"},
        {"status": "failed", "occurred_at": "2023-11-14T22:14:20Z", "location": "X"},
    ],
}
PARCEL_BODY = {"carrier": "posta", "items": [{"item_id": LINE, "quantity": 2}]}
UPDATE = {
    "event_id": "e-1",
    "tracking_number": "KE1",
    "carrier": "posta",
    "status": "in_transit",
    "occurred_at": "2026-11-20T12:30:00.25+03:00",
}
SIGNED = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": "v1,AA=="}


async def test_a_parcel_is_shipped_under_its_key(running):
    running.services.answers["CreateShipment"] = lambda _request, _metadata: (
        pb.CreateShipmentResponse(shipment=SHIPMENT)
    )
    headers = {**running.issuer.bearer(), "Idempotency-Key": "k"}
    body = {**PARCEL_BODY, "seller_order_id": PART, "tracking_number": " KE1 "}
    path = f"/v1/orders/{ORDER}/shipments"
    answer = await running.client.post(path, json=body, headers=headers)
    assert (answer.status_code, answer.json()) == (201, SHOWN)
    (call,) = running.services.got("CreateShipment")
    asked = call.request
    assert (asked.order_id, asked.seller_order_id, asked.tracking_number) == (ORDER, PART, "KE1")
    assert [(item.item_id, item.quantity) for item in asked.items] == [(LINE, 2)]
    assert call.metadata["soko-idempotency-key"] == "k"
    assert call.metadata["authorization"] == headers["Authorization"]


async def test_an_order_shows_its_parcels(running):
    running.services.answers["GetOrder"] = lambda _request, _metadata: order_pb2.GetOrderResponse(
        order=order_pb2.Order(id=ORDER, shipments=[SHIPMENT])
    )
    answer = await running.client.get(f"/v1/orders/{ORDER}", headers={"X-Order-Token": "t"})
    assert answer.json()["shipments"] == [SHOWN]


async def test_an_event_of_a_parcel_has_a_time_or_not(running):
    running.services.answers["RecordShipmentEvent"] = lambda _request, _metadata: (
        pb.RecordShipmentEventResponse(shipment=SHIPMENT)
    )
    path, headers = f"/v1/shipments/{PARCEL}/events", running.issuer.bearer()
    for body in (
        {"status": "delivered"},
        {"status": "failed", "occurred_at": "2026-11-20T09:30:00Z", "location": "Mombasa"},
    ):
        answer = await running.client.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (201, SHOWN)
    now, then = (call.request for call in running.services.got("RecordShipmentEvent"))
    assert not now.HasField("occurred_at")
    assert then.occurred_at.ToJsonString() == "2026-11-20T09:30:00Z"
    assert (then.shipment_id, then.status, then.location) == (PARCEL, "failed", "Mombasa")


async def test_a_carrier_s_webhook_is_passed_on_as_it_came(running):
    raw = (
        b'{ "event_id":"e-1","tracking_number":"KE1","carrier":"posta","status":"in_transit",'
        b' "occurred_at":"2026-11-20T12:30:00.25+03:00" }'
    )
    answer = await running.client.post(
        "/v1/webhooks/delivery", content=raw, headers={**SIGNED, "Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    (call,) = running.services.got("ReceiveCarrierUpdate")
    asked = call.request
    assert hashlib.sha256(asked.body).digest() == hashlib.sha256(raw).digest()
    assert (asked.webhook_id, asked.webhook_timestamp) == ("msg_1", "1700000000")
    assert asked.webhook_signature == "v1,AA=="
    assert asked.occurred_at.ToJsonString() == "2026-11-20T09:30:00.250Z"
    assert (asked.event_id, asked.carrier, asked.status) == ("e-1", "posta", "in_transit")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (unauthenticated("signature_invalid"), 401),
        (conflict("webhook_already_received"), 409),
        (conflict("payment_not_captured"), 409),
        (ServiceError("invalid", "item_unknown", "No.", extra={"item_id": LINE}), 422),
    ],
)
async def test_refusals_keep_their_codes(running, error, status):
    def refuse(_request, _metadata):
        raise error

    running.services.answers["CreateShipment"] = refuse
    running.services.answers["ReceiveCarrierUpdate"] = refuse
    path, headers = f"/v1/orders/{ORDER}/shipments", running.issuer.bearer()
    for answer in (
        await running.client.post(path, json=PARCEL_BODY, headers=headers),
        await running.client.post("/v1/webhooks/delivery", json=UPDATE, headers=SIGNED),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, error.code)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/v1/orders/{ORDER}/shipments", body)
        for body in (
            {},
            {**PARCEL_BODY, "items": []},
            {**PARCEL_BODY, "carrier": ""},
            {**PARCEL_BODY, "carrier": "a\nb"},
            {**PARCEL_BODY, "carrier": "x" * 101},
            {**PARCEL_BODY, "tracking_number": 5},
            {**PARCEL_BODY, "seller_order_id": ORDER},
            {**PARCEL_BODY, "surprise": 1},
            {**PARCEL_BODY, "items": [{"item_id": LINE, "quantity": 0}]},
            {**PARCEL_BODY, "items": [{"item_id": LINE, "quantity": 10_000}]},
            {**PARCEL_BODY, "items": [{"item_id": LINE, "quantity": True}]},
            {**PARCEL_BODY, "items": [{"item_id": ORDER, "quantity": 1}]},
            {**PARCEL_BODY, "items": PARCEL_BODY["items"] * 501},
        )
    ]
    + [
        (f"/v1/shipments/{PARCEL}/events", body)
        for body in (
            {},
            {"status": "lost"},
            {"status": 1},
            {"status": "delivered", "occurred_at": 1},
            {"status": "delivered", "occurred_at": "yesterday"},
            {"status": "delivered", "occurred_at": "2026-11-20T09:30:00"},
            {"status": "delivered", "occurred_at": "2026-13-20T09:30:00Z"},
            {"status": "delivered", "occurred_at": "2026-11-20T09:30:00+99:00"},
            {"status": "delivered", "occurred_at": "0001-01-01T00:00:00+14:00"},
            {"status": "delivered", "occurred_at": "9999-12-31T23:59:59-14:00"},
            {"status": "delivered", "location": "x" * 201},
            {"status": "delivered", "source": "me"},
        )
    ]
    + [
        ("/v1/webhooks/delivery", {**UPDATE, **change})
        for change in (
            {"event_id": ""},
            {"event_id": None},
            {"tracking_number": ""},
            {"carrier": ["posta"]},
            {"status": "moved"},
            {"occurred_at": None},
            {"extra": 1},
        )
    ],
)
async def test_bad_bodies_reach_nobody(running, path, body):
    answer = await running.client.post(path, json=body, headers=running.issuer.bearer())
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {call.method for call in running.services.calls} <= {"GetJwks"}


async def test_guests_ship_nothing(running):
    for path, body in (
        (f"/v1/orders/{ORDER}/shipments", PARCEL_BODY),
        (f"/v1/shipments/{PARCEL}/events", {"status": "delivered"}),
    ):
        answer = await running.client.post(path, json=body, headers={"X-Order-Token": "t"})
        assert answer.status_code == 401
    for path in ("/v1/orders/ord_1/shipments", "/v1/shipments/shp_1/events"):
        answer = await running.client.post(path, json={}, headers=running.issuer.bearer())
        assert answer.status_code == 404


async def test_a_seller_cancels_what_it_cannot_deliver(running):
    item = cart_pb2.Item(id=LINE, quantity=3, cancelled_quantity=2, seller_order_id=PART)
    running.services.answers["CancelItems"] = lambda _request, _metadata: (
        order_pb2.CancelItemsResponse(order=order_pb2.Order(id=ORDER, items=[item]))
    )
    path, bearer = f"/v1/seller-orders/{PART}/cancel", running.issuer.bearer()
    body = {"items": [{"item_id": LINE, "quantity": 2}], "reason": "damaged", "restock": True}
    without = await running.client.post(path, json=body, headers=bearer)
    assert without.json()["code"] == "idempotency_key_required"
    headers = {**bearer, "Idempotency-Key": "k"}
    answer = await running.client.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"][0]["cancelled_quantity"] == 2
    (call,) = running.services.got("CancelItems")
    asked = call.request
    assert (asked.seller_order_id, asked.reason, asked.restock) == (PART, "damaged", True)
    assert [(each.item_id, each.quantity) for each in asked.items] == [(LINE, 2)]
    assert call.metadata["soko-idempotency-key"] == "k"
    for wrong in ({"reason": ""}, {"reason": "x", "items": []}, {"reason": "x", "lines": []}):
        refused = await running.client.post(path, json=wrong, headers=headers)
        assert refused.status_code == 422
