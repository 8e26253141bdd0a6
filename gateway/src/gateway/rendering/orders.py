"""Carts and orders."""

from __future__ import annotations

from gateway.rendering.shipments import shipment
from gateway.rendering.values import Document, address, money, time
from soko.orders.v1 import cart_pb2, order_pb2


def totals(value: cart_pb2.Totals) -> Document:
    """Return the sums of a cart or order."""
    return {
        "subtotal": money(value.subtotal),
        "discount": money(value.discount),
        "shipping": money(value.shipping),
        "tax": money(value.tax),
        "duty": money(value.duty),
        "tax_included": money(value.tax_included),
        "total": money(value.total),
    }


def item(value: cart_pb2.Item) -> Document:
    """Return a line of a cart or order."""
    document: Document = {
        "id": value.id,
        "variant_id": value.variant_id,
        "product_id": value.product_id,
        "seller_id": value.seller_id,
        "title": value.title,
        "sku": value.sku,
        "quantity": value.quantity,
        "unit_price": money(value.unit_price),
        "line_total": money(value.line_total),
    }
    if value.seller_order_id:
        document["seller_order_id"] = value.seller_order_id
    if value.cancelled_quantity:
        document["cancelled_quantity"] = value.cancelled_quantity
    return document


def cart(value: cart_pb2.Cart) -> Document:
    """Return a cart; with its token only where the service gave it."""
    document: Document = {
        "id": value.id,
        "status": value.status,
        "currency": value.currency,
        "items": [item(each) for each in value.items],
        "totals": totals(value.totals),
        "version": value.version,
    }
    if value.token:
        document["token"] = value.token
    if value.email:
        document["email"] = value.email
    if value.HasField("shipping_address"):
        document["shipping_address"] = address(value.shipping_address)
    return document


def _seller_order(value: order_pb2.SellerOrder) -> Document:
    return {
        "id": value.id,
        "seller": {"id": value.seller_id, "name": value.seller_name},
        "status": value.status,
        "fulfilment_status": value.fulfilment_status,
        "totals": totals(value.totals),
    }


def _next_action(value: order_pb2.NextAction) -> Document:
    document: Document = {
        "type": value.type,
        "payment_id": value.payment_id,
        "expires_at": time(value.expires_at),
    }
    if value.url:
        document["url"] = value.url
    return document


def order(value: order_pb2.Order) -> Document:
    """Return an order; with its token only where the service gave it."""
    document: Document = {
        "id": value.id,
        "number": value.number,
        "status": value.status,
        "payment_status": value.payment_status,
        "fulfilment_status": value.fulfilment_status,
        "items": [item(each) for each in value.items],
        "seller_orders": [_seller_order(each) for each in value.seller_orders],
        "totals": totals(value.totals),
        "currency": value.currency,
        "email": value.email,
        "shipping_address": address(value.shipping_address),
        "shipments": [shipment(each) for each in value.shipments],
        "created_at": time(value.created_at),
        "updated_at": time(value.updated_at),
        "version": value.version,
    }
    for name in ("cancel_reason", "payment_id", "token", "cart_id"):
        text = getattr(value, name)
        if text:
            document[name] = text
    if value.HasField("next_action"):
        document["next_action"] = _next_action(value.next_action)
    if value.HasField("expires_at"):
        document["expires_at"] = time(value.expires_at)
    return document
