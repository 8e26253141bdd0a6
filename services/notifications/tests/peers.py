"""The services that this one asks, as real gRPC servers with answers of the test's choice."""

from __future__ import annotations

from typing import Any

import grpc

from chassis.grpc_server import SERVER_OPTIONS, RequestInterceptor
from soko.common.v1.address_pb2 import Address
from soko.common.v1.money_pb2 import Money
from soko.identity.v1 import account_pb2, account_pb2_grpc
from soko.orders.v1 import cart_pb2, order_pb2, order_pb2_grpc


def money(minor: int) -> Money:
    return Money(amount_minor=minor, currency="KES")


def a_wire_order(order_id: str, **changes: Any) -> order_pb2.Order:
    order = order_pb2.Order(
        id=order_id,
        number="4821-7730-1",
        status="confirmed",
        payment_status="authorized",
        fulfilment_status="unfulfilled",
        items=[
            cart_pb2.Item(
                title="Kiondo basket",
                sku="KIO-1",
                quantity=2,
                unit_price=money(129900),
                line_total=money(259800),
            )
        ],
        totals=cart_pb2.Totals(
            subtotal=money(259800),
            discount=money(0),
            shipping=money(35000),
            tax=money(0),
            duty=money(0),
            tax_included=money(0),
            total=money(294800),
        ),
        currency="KES",
        email="buyer@soko.example",
        shipping_address=Address(
            name="Sample Buyer", line1="Moi Avenue 12", city="Nairobi", country="KE"
        ),
        locale="en",
    )
    order.MergeFrom(order_pb2.Order(**changes))
    return order


class Peers(order_pb2_grpc.OrderServiceServicer, account_pb2_grpc.AccountServiceServicer):
    """Orders and identity behind one socket; callers are remembered."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.orders: dict[str, order_pb2.Order] = {}
        self.contacts: dict[str, account_pb2.GetContactResponse] = {}
        self.callers: set[str] = set()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        server = grpc.aio.server(interceptors=[RequestInterceptor(None)], options=SERVER_OPTIONS)
        order_pb2_grpc.add_OrderServiceServicer_to_server(self, server)
        account_pb2_grpc.add_AccountServiceServicer_to_server(self, server)
        server.add_insecure_port(self.target)
        await server.start()
        self._server = server

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)

    async def GetOrder(  # noqa: N802
        self, request: order_pb2.GetOrderRequest, context: Any
    ) -> order_pb2.GetOrderResponse:
        self._remember(context)
        return order_pb2.GetOrderResponse(order=self.orders[request.order_id])

    async def GetContact(  # noqa: N802
        self, request: account_pb2.GetContactRequest, context: Any
    ) -> account_pb2.GetContactResponse:
        self._remember(context)
        return self.contacts[request.account_id]

    def _remember(self, context: Any) -> None:
        self.callers.add(dict(context.invocation_metadata())["soko-service"])
