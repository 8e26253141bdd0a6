"""PayoutService over gRPC."""

from __future__ import annotations

from uuid import UUID

import grpc

from chassis.context import current_actor, current_idempotency
from chassis.cursors import CursorCodec, filter_hash
from chassis.database import Database
from chassis.errors import invalid
from chassis.idempotency import idempotent
from chassis.ids import format_id, new_id
from chassis.iso import is_currency
from payments.app.create_payout import CreatePayout, CreatePayoutHandler
from payments.app.ports import Payouts, SellerBalance
from payments.app.seller_access import SellerAccess
from payments.domain.payout import Payout
from payments.entrypoints.pages import limit_of
from soko.common.v1.money_pb2 import Money
from soko.payments.v1 import payout_pb2 as pb
from soko.payments.v1 import payout_pb2_grpc

_KIND = "payouts"
Context = grpc.aio.ServicerContext[object, object]


class PayoutServicer(payout_pb2_grpc.PayoutServiceServicer):
    """Pays sellers what they earned."""

    def __init__(
        self,
        create: CreatePayoutHandler,
        payouts: Payouts,
        access: SellerAccess,
        cursors: CursorCodec,
        db: Database,
    ) -> None:
        self._create = create
        self._payouts = payouts
        self._access = access
        self._cursors = cursors
        self.db = db

    async def GetBalance(  # noqa: N802 - the contract's name
        self, request: pb.GetBalanceRequest, context: Context
    ) -> pb.GetBalanceResponse:
        """Return what a seller has."""
        seller = await self._access.require(current_actor(), request.seller, staff=True)
        balances = await self._payouts.balances(seller.id)
        if seller.currency not in {each.currency for each in balances}:
            balances.append(SellerBalance(seller.currency))
        balances.sort(key=lambda each: (each.currency != seller.currency, each.currency))
        return pb.GetBalanceResponse(
            seller_id=seller.id,
            balances=[
                pb.CurrencyBalance(
                    currency=each.currency,
                    pending_minor=each.pending_minor,
                    available_minor=each.available_minor,
                    reserved_minor=each.reserved_minor,
                    in_transit_minor=each.in_transit_minor,
                )
                for each in balances
            ],
        )

    @idempotent
    async def CreatePayout(  # noqa: N802
        self, request: pb.CreatePayoutRequest, context: Context
    ) -> pb.CreatePayoutResponse:
        """Pay a seller."""
        amount = None
        if request.HasField("amount"):
            amount = (request.amount.amount_minor, request.amount.currency)
            if not is_currency(request.amount.currency):
                raise invalid("amount_invalid", "The currency is unknown.")
        key = current_idempotency()
        payout_id = key.derive_id("payout") if key else new_id()
        payout = await self._create.handle(
            CreatePayout(payout_id, request.seller, amount), current_actor()
        )
        return pb.CreatePayoutResponse(payout=_message(payout))

    async def ListPayouts(  # noqa: N802
        self, request: pb.ListPayoutsRequest, context: Context
    ) -> pb.ListPayoutsResponse:
        """List a seller's payouts."""
        seller = await self._access.require(current_actor(), request.seller, staff=True)
        limit, filters, before = limit_of(request.limit), filter_hash(seller.id), None
        if request.cursor:
            before = UUID(str(self._cursors.decode(_KIND, filters, request.cursor)[0]))
        found = await self._payouts.page(seller.id, before, limit + 1)
        cursor = ""
        if len(found) > limit:
            cursor = self._cursors.encode(_KIND, filters, [str(found[limit - 1].id)])
        return pb.ListPayoutsResponse(
            payouts=[_message(each) for each in found[:limit]], next_cursor=cursor
        )


def _message(payout: Payout) -> pb.Payout:
    message = pb.Payout(
        id=format_id("pyo", payout.id),
        seller_id=payout.seller_id,
        amount=Money(amount_minor=payout.amount_minor, currency=payout.currency),
        status=payout.status,
        failure=payout.failure,
    )
    message.created_at.FromDatetime(payout.created_at)
    message.updated_at.FromDatetime(payout.updated_at)
    return message
