"""Carts and orders as the messages of their contract."""

from __future__ import annotations

from orders.domain.address import Address
from orders.domain.cart import Cart, CartItem
from orders.domain.money import Totals
from orders.domain.order import NextAction, Order, OrderLine, SellerOrder
from orders.domain.shipment import Shipment
from orders.protobuf_time import timestamp
from soko.common.v1 import address_pb2
from soko.common.v1.money_pb2 import Money
from soko.orders.v1 import cart_pb2, fulfilment_pb2, order_pb2


def cart_message(cart: Cart, token: str = "") -> cart_pb2.Cart:
    """Return a cart; with the guest's token only in the answer that creates it."""
    currency = cart.currency
    address = cart.shipping_address
    return cart_pb2.Cart(
        id=cart.id,
        token=token,
        status=cart.status,
        currency=currency,
        items=[_cart_item(item, currency) for item in cart.items],
        totals=totals_message(cart.totals, currency),
        email=cart.email,
        shipping_address=_address_message(address) if address else None,
        version=cart.version,
    )


def order_message(order: Order, token: str = "") -> order_pb2.Order:
    """Return an order; with the guest's token only in checkout answers."""
    currency = order.currency
    return order_pb2.Order(
        id=order.id,
        number=order.number,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        cancel_reason=order.cancel_reason,
        items=[_order_item(line, order) for line in order.lines],
        seller_orders=[_seller_order(part, currency) for part in order.seller_orders],
        totals=totals_message(order.totals, currency),
        currency=currency,
        email=order.email,
        shipping_address=_address_message(order.shipping_address),
        payment_id=order.payment_id,
        next_action=_next_action(order.next_action) if order.next_action else None,
        expires_at=timestamp(order.expires_at) if order.expires_at else None,
        token=token,
        created_at=timestamp(order.created_at),
        updated_at=timestamp(order.updated_at),
        version=order.version,
        account_id=order.account_id,
        locale=order.locale,
        cart_id=order.cart_id,
        shipments=[shipment_message(shipment) for shipment in order.shipments],
    )


def shipment_message(shipment: Shipment) -> fulfilment_pb2.Shipment:
    """Return a parcel."""
    return fulfilment_pb2.Shipment(
        id=shipment.id,
        order_id=shipment.order_id,
        seller_order_id=shipment.seller_order_id,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        status=shipment.status,
        items=[
            fulfilment_pb2.ShipmentItem(item_id=line_id, quantity=quantity)
            for line_id, quantity in shipment.units.items()
        ],
        events=[
            fulfilment_pb2.ShipmentEvent(
                status=event.status,
                occurred_at=timestamp(event.occurred_at),
                location=event.location,
            )
            for event in shipment.events
        ],
    )


def totals_message(totals: Totals, currency: str) -> cart_pb2.Totals:
    """Return sums."""
    return cart_pb2.Totals(
        subtotal=Money(amount_minor=totals.subtotal, currency=currency),
        discount=Money(amount_minor=totals.discount, currency=currency),
        shipping=Money(amount_minor=totals.shipping, currency=currency),
        tax=Money(amount_minor=totals.tax, currency=currency),
        duty=Money(amount_minor=totals.duty, currency=currency),
        tax_included=Money(amount_minor=totals.tax_included, currency=currency),
        total=Money(amount_minor=totals.total, currency=currency),
    )


def address_of(message: address_pb2.Address) -> Address:
    """Return the address of a message."""
    return Address(
        name=message.name,
        line1=message.line1,
        line2=message.line2,
        city=message.city,
        region=message.region,
        postal_code=message.postal_code,
        country=message.country,
        phone=message.phone,
    )


def _address_message(address: Address) -> address_pb2.Address:
    return address_pb2.Address(
        name=address.name,
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        region=address.region,
        postal_code=address.postal_code,
        country=address.country,
        phone=address.phone,
    )


def _cart_item(item: CartItem, currency: str) -> cart_pb2.Item:
    return cart_pb2.Item(
        id=item.id,
        variant_id=item.variant_id,
        product_id=item.product_id,
        seller_id=item.seller_id,
        title=item.title,
        sku=item.sku,
        quantity=item.quantity,
        unit_price=Money(amount_minor=item.unit_price_minor, currency=currency),
        line_total=Money(amount_minor=item.line_total_minor, currency=currency),
    )


def _order_item(line: OrderLine, order: Order) -> cart_pb2.Item:
    currency = order.currency
    return cart_pb2.Item(
        id=line.id,
        variant_id=line.variant_id,
        product_id=line.product_id,
        seller_id=line.seller_id,
        title=line.title,
        sku=line.sku,
        quantity=line.quantity,
        unit_price=Money(amount_minor=line.unit_price_minor, currency=currency),
        line_total=Money(amount_minor=line.line_total_minor, currency=currency),
        seller_order_id=line.seller_order_id,
        cancelled_quantity=order.cancelled_units(line.id),
    )


def _next_action(action: NextAction) -> order_pb2.NextAction:
    return order_pb2.NextAction(
        type=action.type,
        payment_id=action.payment_id,
        url=action.url,
        expires_at=timestamp(action.expires_at),
    )


def _seller_order(part: SellerOrder, currency: str) -> order_pb2.SellerOrder:
    return order_pb2.SellerOrder(
        id=part.id,
        seller_id=part.seller_id,
        seller_name=part.seller_name,
        status=part.status,
        fulfilment_status=part.fulfilment_status,
        totals=totals_message(part.totals, currency),
    )
