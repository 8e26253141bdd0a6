"""Catalog, payments and identity as gRPC servers in this process, on the same fakes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc

from chassis.errors import ServiceError, timed_out, unavailable
from chassis.grpc_server import RequestInterceptor
from orders.app.ports import StockMove
from orders.domain.outcomes import Declined, Paid, PaymentPending, Refused, Unknown
from services.orders.tests.fakes import FakeAccounts, FakeCatalog, FakePayments
from soko.catalog.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc
from soko.common.v1.money_pb2 import Money
from soko.identity.v1 import account_pb2, account_pb2_grpc, seller_pb2, seller_pb2_grpc
from soko.payments.v1 import payment_pb2, payment_pb2_grpc


class CatalogServer(catalog_pb2_grpc.CatalogServiceServicer):
    def __init__(self, fake: FakeCatalog) -> None:
        self._fake = fake

    async def GetVariants(self, request, context):  # noqa: N802
        found = await self._fake.find(list(request.variant_ids))
        return catalog_pb2.GetVariantsResponse(
            variants=[
                catalog_pb2.CartVariant(
                    variant_id=variant.id,
                    product_id=variant.product_id,
                    seller_id=variant.seller_id,
                    seller_name=variant.seller_name,
                    title=variant.title,
                    sku=variant.sku,
                    category_id=variant.category_id,
                    prices=[
                        Money(amount_minor=amount, currency=currency)
                        for currency, amount in variant.prices.items()
                    ],
                    available=variant.available,
                    for_sale=variant.for_sale,
                )
                for variant in found.values()
            ]
        )


class InventoryServer(inventory_pb2_grpc.InventoryServiceServicer):
    def __init__(self, fake: FakeCatalog) -> None:
        self._fake = fake

    async def Reserve(self, request, context):  # noqa: N802
        lines = [
            SimpleNamespace(
                variant_id=line.variant_id,
                quantity=line.quantity,
                unit_price_minor=line.unit_price.amount_minor,
            )
            for line in request.lines
        ]
        currency = request.lines[0].unit_price.currency
        order: Any = SimpleNamespace(id=request.order_id, lines=lines, currency=currency)
        outcome = await self._fake.reserve(order, request.expires_at.ToDatetime(), 1)
        _raise_unless_known(outcome, "catalog")
        return inventory_pb2.ReserveResponse(expires_at=request.expires_at)

    async def Commit(self, request, context):  # noqa: N802
        missing = await self._fake.commit(list(request.order_ids))
        if missing is None:
            raise unavailable("catalog")
        return inventory_pb2.CommitResponse(missing_order_ids=sorted(missing))

    async def Release(self, request, context):  # noqa: N802
        for order_id in request.order_ids:
            if not await self._fake.release(order_id, request.reason, 1):
                raise timed_out("catalog")
        return inventory_pb2.ReleaseResponse()

    async def Ship(self, request, context):  # noqa: N802
        units = {line.line_id: line.quantity for line in request.lines}
        move = StockMove(request.shipment_id, request.order_id, "shipping", units, 0)
        if not await self._fake.move(move):
            raise timed_out("catalog")
        return inventory_pb2.ShipResponse()

    async def TakeBack(self, request, context):  # noqa: N802
        if not await self._fake.move(StockMove(request.shipment_id, "", "returning", {}, 0)):
            raise timed_out("catalog")
        return inventory_pb2.TakeBackResponse()


class PaymentServer(payment_pb2_grpc.PaymentServiceServicer):
    def __init__(self, fake: FakePayments) -> None:
        self._fake = fake

    async def Authorize(self, request, context):  # noqa: N802
        assert sum(split.goods_minor for split in request.splits) == request.amount.amount_minor
        checkout: Any = SimpleNamespace(
            order=SimpleNamespace(id=request.order_id),
            saga=SimpleNamespace(method=SimpleNamespace(token=request.method_token)),
        )
        outcome = await self._fake.authorize(checkout, 1)
        _raise_unless_known(outcome, "payments")
        answer = payment_pb2.AuthorizeResponse(payment_id=outcome.payment_id)
        match outcome:
            case Paid():
                answer.outcome = "not_required" if outcome.status == "none" else outcome.status
            case PaymentPending():
                answer.outcome, answer.next_action_type = "pending", outcome.action_type
            case Declined():
                answer.outcome, answer.decline_reason = "declined", outcome.reason
        return answer

    async def Capture(self, request, context):  # noqa: N802
        outcomes = await self._fake.capture(list(request.order_ids))
        return payment_pb2.CaptureResponse(
            results=[
                payment_pb2.CaptureResult(order_id=order_id, outcome=outcome)
                for order_id, outcome in outcomes.items()
            ]
        )

    async def CancelPayment(self, request, context):  # noqa: N802
        done = await self._fake.cancel(request.order_id, request.reason, 1)
        return payment_pb2.CancelPaymentResponse(outcome="done" if done else "unknown")

    async def ListPayments(self, request, context):  # noqa: N802
        in_parts = await self._fake.refunds_in_parts(request.order_id)
        payment = payment_pb2.Payment(order_id=request.order_id, refunds_in_parts=in_parts)
        return payment_pb2.ListPaymentsResponse(payments=[payment])


class RefundServer(payment_pb2_grpc.RefundServiceServicer):
    def __init__(self, fake: FakePayments) -> None:
        self._fake = fake

    async def CreateRefund(self, request, context):  # noqa: N802
        units = {item.item_id: item.quantity for item in request.items}
        shipment_id = "shp" + request.refund_id.removeprefix("rfd")
        move = StockMove(shipment_id, request.order_id, "shipping", units, 0)
        if not await self._fake.refund(move):
            raise timed_out("payments")
        return payment_pb2.CreateRefundResponse()


class AccountServer(account_pb2_grpc.AccountServiceServicer):
    def __init__(self, fake: FakeAccounts) -> None:
        self._fake = fake

    async def GetContact(self, request, context):  # noqa: N802
        email = await self._fake.email_of(request.account_id)
        return account_pb2.GetContactResponse(email=email)


class SellerServer(seller_pb2_grpc.SellerServiceServicer):
    def __init__(self, fake: FakeAccounts) -> None:
        self._fake = fake

    async def GetSeller(self, request, context):  # noqa: N802
        seller_id = await self._fake.resolve(request.id_or_slug)
        return seller_pb2.GetSellerResponse(seller=seller_pb2.Seller(id=seller_id))

    async def GetMembership(self, request, context):  # noqa: N802
        role = await self._fake.role_of(request.seller_id, request.account_id)
        return seller_pb2.GetMembershipResponse(role=role)


def _raise_unless_known(outcome: object, service: str) -> None:
    if isinstance(outcome, Refused):
        raise ServiceError(outcome.kind, outcome.code, outcome.detail, extra=outcome.extra)
    if isinstance(outcome, Unknown):
        raise timed_out(service)


@asynccontextmanager
async def serving_peers(
    folder: Path, catalog: FakeCatalog, payments: FakePayments, accounts: FakeAccounts
):
    """Serve the three peers on one socket; give its gRPC target."""
    server = grpc.aio.server(interceptors=[RequestInterceptor(None)])
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(CatalogServer(catalog), server)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(InventoryServer(catalog), server)
    payment_pb2_grpc.add_PaymentServiceServicer_to_server(PaymentServer(payments), server)
    payment_pb2_grpc.add_RefundServiceServicer_to_server(RefundServer(payments), server)
    account_pb2_grpc.add_AccountServiceServicer_to_server(AccountServer(accounts), server)
    seller_pb2_grpc.add_SellerServiceServicer_to_server(SellerServer(accounts), server)
    target = f"unix:{folder}/peers.sock"
    server.add_insecure_port(target)
    await server.start()
    try:
        yield target
    finally:
        await server.stop(None)
