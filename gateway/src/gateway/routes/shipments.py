"""Parcels of sellers' orders, and what carriers tell of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from gateway import headers
from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import OrderId, ShipmentId
from gateway.bodies.shipments import CarrierUpdateBody, ShipmentBody, ShipmentEventBody
from gateway.openapi import answers
from gateway.rendering.shipments import given_time, shipment
from gateway.rules import SHIPPERS, Access, Key, rules
from soko.orders.v1 import fulfilment_pb2 as pb

router = APIRouter(prefix="/v1", tags=["Shipments"], route_class=ApiRoute)

_SIGNED: dict[str, Any] = {
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
        }
        for name, description in (
            ("webhook-id", "The message's id, the same each time that it is sent"),
            ("webhook-timestamp", "When it was sent, in seconds since 1970; at most 5 minutes ago"),
            ("webhook-signature", "`v1,` and the base64 of an HMAC-SHA256 (Standard Webhooks)"),
        )
    ]
}


@router.post(
    "/orders/{order_id}/shipments",
    status_code=201,
    response_class=Response,
    summary="Ship a parcel",
    responses=answers(
        {201: "Shipment"},
        {
            403: "",
            404: "",
            409: "payment_not_captured, order_not_shippable, quantity_not_shippable, order_changed",
        },
    ),
)
@rules(Access.ACCOUNT, members=SHIPPERS, key=Key.HONOURED, scope="orders:write")
async def create_shipment(request: ApiRequest, order_id: OrderId, body: ShipmentBody) -> Response:
    """Ship units of the seller's own part of an order.

    Owners, managers and fulfilment. The money is captured before, if it was only authorized.
    """
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.fulfilment.CreateShipment,
        pb.CreateShipmentRequest(
            order_id=order_id,
            seller_order_id=body.seller_order_id or "",
            carrier=body.carrier,
            tracking_number=body.tracking_number or "",
            items=[
                pb.ShipmentItem(item_id=item.item_id, quantity=item.quantity) for item in body.items
            ],
        ),
    )
    return request.answer(201, shipment(reply.shipment))


@router.post(
    "/shipments/{shipment_id}/events",
    status_code=201,
    response_class=Response,
    summary="Tell what happened to a parcel",
    responses=answers({201: "Shipment"}, {403: "", 404: "", 409: "too_many_events, order_changed"}),
)
@rules(Access.ACCOUNT, members=SHIPPERS, key=Key.HONOURED, scope="orders:write")
async def record_shipment_event(
    request: ApiRequest, shipment_id: ShipmentId, body: ShipmentEventBody
) -> Response:
    """Add an event to a parcel's log; a status that it has passed already changes nothing else.

    Owners, managers and fulfilment of its seller.
    """
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.fulfilment.RecordShipmentEvent,
        pb.RecordShipmentEventRequest(
            shipment_id=shipment_id,
            status=body.status,
            occurred_at=given_time(body.occurred_at),
            location=body.location or "",
        ),
    )
    return request.answer(201, shipment(reply.shipment))


@router.post(
    "/webhooks/delivery",
    response_class=Response,
    summary="Tell what happened to a parcel, as its carrier",
    openapi_extra=_SIGNED,
    responses=answers(
        {200: "Received"},
        {401: "signature_invalid, signature_expired", 409: "webhook_already_received"},
    ),
)
@rules(Access.SIGNATURE, signature="webhook-signature")
async def receive_carrier_update(request: ApiRequest, body: CarrierUpdateBody) -> Response:
    """Take a carrier's webhook: verified with its secret, stored once, applied from the store.

    One whose tracking number nobody knows yet waits for its parcel.
    """
    orders = request.backend.orders
    await request.ask(
        orders,
        orders.fulfilment.ReceiveCarrierUpdate,
        pb.ReceiveCarrierUpdateRequest(
            body=await request.body(),
            webhook_id=headers.single(request.scope, b"webhook-id"),
            webhook_timestamp=headers.single(request.scope, b"webhook-timestamp"),
            webhook_signature=headers.single(request.scope, b"webhook-signature"),
            event_id=body.event_id,
            tracking_number=body.tracking_number,
            carrier=body.carrier,
            status=body.status,
            occurred_at=given_time(body.occurred_at),
            location=body.location or "",
        ),
    )
    return request.answer(200, {"received": True})
