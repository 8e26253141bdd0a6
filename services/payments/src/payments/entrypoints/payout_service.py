"""PayoutService over gRPC."""

from __future__ import annotations

import grpc

from chassis.context import current_actor, current_idempotency
from chassis.cursors import CursorCodec, filter_hash
from chassis.database import Database
from chassis.errors import invalid
from chassis.idempotency import idempotent
from chassis.ids import new_id
from chassis.iso import is_currency
from payments.app.create_payout import CreatePayout, CreatePayoutHandler
from payments.app.ports import Payouts, SellerBalance
from payments.app.seller_access import SellerAccess
from payments.entrypoints.messages import payout_message
from payments.entrypoints.pages import Pages, limit_of
from soko.payments.v1 import payout_pb2 as pb
from soko.payments.v1 import payout_pb2_grpc

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
        self._pages = Pages(cursors, "payouts")
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
        return pb.CreatePayoutResponse(payout=payout_message(payout))

    async def ListPayouts(  # noqa: N802
        self, request: pb.ListPayoutsRequest, context: Context
    ) -> pb.ListPayoutsResponse:
        """List a seller's payouts."""
        seller = await self._access.require(current_actor(), request.seller, staff=True)
        limit, filters = limit_of(request.limit), filter_hash(seller.id)
        before = self._pages.position(filters, request.cursor)
        found = await self._payouts.page(seller.id, before, limit + 1)
        return pb.ListPayoutsResponse(
            payouts=[payout_message(each) for each in found[:limit]],
            next_cursor=self._pages.next_cursor(filters, found, limit),
        )
