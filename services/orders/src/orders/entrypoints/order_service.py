"""OrderService over gRPC."""

# ruff: noqa: N802 - the methods have the contract's names.

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message

from chassis.context import current_actor, current_idempotency
from chassis.database import Database
from chassis.errors import invalid
from chassis.idempotency import idempotent
from chassis.ids import format_id, new_id
from orders.app.cancel_items import CancelItems, CancelItemsHandler
from orders.app.cancel_order import CancelOrder, CancelOrderHandler
from orders.app.get_order import GetOrder, GetOrderHandler
from orders.app.list_orders import ListOrders, ListOrdersHandler
from orders.app.list_seller_orders import ListSellerOrders, ListSellerOrdersHandler
from orders.app.ports import Key
from orders.entrypoints.checks import checked_id, checked_limit, checked_units
from orders.entrypoints.messages import order_message
from soko.orders.v1 import order_pb2 as pb
from soko.orders.v1 import order_pb2_grpc

Context = grpc.aio.ServicerContext[object, object]

_REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class OrderUseCases:
    """What OrderService can do."""

    get: GetOrderHandler
    list: ListOrdersHandler
    list_of_seller: ListSellerOrdersHandler
    cancel: CancelOrderHandler
    cancel_items: CancelItemsHandler


class OrderServicer(order_pb2_grpc.OrderServiceServicer):
    """Reads and cancels orders."""

    def __init__(self, use_cases: OrderUseCases, db: Database) -> None:
        self._do = use_cases
        self.db = db

    async def GetOrder(self, request: pb.GetOrderRequest, context: Context) -> pb.GetOrderResponse:
        """Return an order."""
        query = GetOrder(checked_id("ord", request.order_id), request.token, current_actor())
        return pb.GetOrderResponse(order=order_message(await self._do.get(query)))

    async def ListOrders(
        self, request: pb.ListOrdersRequest, context: Context
    ) -> pb.ListOrdersResponse:
        """Return the caller's orders."""
        limit = checked_limit(request.page.limit)
        query = ListOrders(current_actor(), limit, request.page.cursor)
        orders, cursor = await self._do.list(query)
        return pb.ListOrdersResponse(
            orders=[order_message(order) for order in orders], next_cursor=cursor
        )

    async def ListSellerOrders(
        self, request: pb.ListSellerOrdersRequest, context: Context
    ) -> pb.ListSellerOrdersResponse:
        """Return a seller's orders, with its own lines only."""
        limit = checked_limit(request.page.limit)
        query = ListSellerOrders(request.seller, current_actor(), limit, request.page.cursor)
        orders, cursor = await self._do.list_of_seller(query)
        return pb.ListSellerOrdersResponse(
            orders=[order_message(order) for order in orders], next_cursor=cursor
        )

    @idempotent
    async def CancelOrder(
        self, request: pb.CancelOrderRequest, context: Context
    ) -> pb.CancelOrderResponse:
        """Cancel an order that has not shipped."""
        order = await self._do.cancel(
            CancelOrder(
                order_id=checked_id("ord", request.order_id),
                token=request.token,
                actor=current_actor(),
                reason=_reason(request.reason),
                key=_key(),
                render=lambda order: _stored(pb.CancelOrderResponse(order=order_message(order))),
            )
        )
        return pb.CancelOrderResponse(order=order_message(order))

    @idempotent
    async def CancelItems(
        self, request: pb.CancelItemsRequest, context: Context
    ) -> pb.CancelItemsResponse:
        """Cancel what a seller cannot deliver."""
        key = current_idempotency()
        cancellation_id = key.derive_id("cancellation") if key else new_id()
        order = await self._do.cancel_items(
            CancelItems(
                cancellation_id=format_id("shp", cancellation_id),
                seller_order_id=checked_id("sor", request.seller_order_id),
                units=checked_units(request.items, least=0),
                reason=_reason(request.reason) or "seller_request",
                restock=request.restock,
                actor=current_actor(),
                key=_key(),
                render=lambda order: _stored(pb.CancelItemsResponse(order=order_message(order))),
            )
        )
        return pb.CancelItemsResponse(order=order_message(order))


def _reason(text: str) -> str:
    if len(text) > _REASON_MAX:
        raise invalid("invalid_reason", "The reason is too long.")
    return text.strip()


def _key() -> Key | None:
    key = current_idempotency()
    return Key(key.scope, key.key, key.fingerprint) if key else None


def _stored(answer: Message) -> bytes:
    """Render as chassis.idempotency stores answers."""
    packed = any_pb2.Any()
    packed.Pack(answer)
    return packed.SerializeToString()
