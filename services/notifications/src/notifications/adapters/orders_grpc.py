"""Orders, asked of the orders service."""

from __future__ import annotations

from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from notifications.domain.errors import SubjectUnavailable
from notifications.domain.mail import Amount, MailLine, MailOrder, PostalAddress
from soko.common.v1.money_pb2 import Money
from soko.orders.v1 import order_pb2
from soko.orders.v1.order_pb2_grpc import OrderServiceStub

_TOTALS = ("subtotal", "discount", "shipping", "tax", "duty", "tax_included", "total")


class OrdersClient:
    """OrderReader over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = OrderServiceStub(peer.channel)

    async def read(self, order_id: str) -> MailOrder:
        """Return an order; raise SubjectUnavailable if it cannot be had now."""
        request = order_pb2.GetOrderRequest(order_id=order_id)
        try:
            answer = await self._peer.call(self._stub.GetOrder, request)
        except ServiceError as error:
            raise SubjectUnavailable(f"orders: {error.code}") from error
        return mail_order(answer.order)


def mail_order(order: order_pb2.Order) -> MailOrder:
    """Return what a mail tells of an order."""
    address = order.shipping_address
    return MailOrder(
        id=order.id,
        number=order.number,
        account_id=order.account_id,
        email=order.email,
        locale=order.locale,
        lines=tuple(
            MailLine(
                title=item.title,
                sku=item.sku,
                quantity=item.quantity,
                unit_price=_amount(item.unit_price),
                line_total=_amount(item.line_total),
            )
            for item in order.items
        ),
        totals={name: _amount(getattr(order.totals, name)) for name in _TOTALS},
        shipping_address=PostalAddress(
            name=address.name,
            line1=address.line1,
            line2=address.line2,
            city=address.city,
            region=address.region,
            postal_code=address.postal_code,
            country=address.country,
            phone=address.phone,
        )
        if order.HasField("shipping_address")
        else None,
    )


def _amount(money: Money) -> Amount:
    return Amount(money.amount_minor, money.currency)
