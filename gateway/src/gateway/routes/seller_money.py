"""What sellers earned, their payouts, and what operators do about the books."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import StringConstraints

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import CommissionRuleId, Cursor, Limit, Moment, OrderId, SellerName
from gateway.bodies.payments import CommissionRuleBody, DisputeBody, PayoutBody, SettlementBody
from gateway.openapi import answers
from gateway.rendering import payments as render
from gateway.rendering.values import given_money, page, to_money
from gateway.rules import STAFF, TREASURERS, Access, Key, rules
from soko.payments.v1 import bookkeeping_pb2, payout_pb2

_Provider = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"), Query(description="Provider name")
]
_RECONCILE_S = 60.0

router = APIRouter(prefix="/v1", tags=["Payments"], route_class=ApiRoute)


@router.get(
    "/sellers/{id_or_slug}/balance",
    response_class=Response,
    summary="Read a seller's balance",
    responses=answers({200: "SellerBalance"}, {403: "", 404: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF, members=TREASURERS, scope="payments:read")
async def read_balance(request: ApiRequest, id_or_slug: SellerName) -> Response:
    """Read what a seller has; its owners and finance members, operators and admins."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.payouts.GetBalance,
        payout_pb2.GetBalanceRequest(seller=id_or_slug),
        retry=True,
    )
    return request.answer(200, render.seller_balance(reply))


@router.get(
    "/sellers/{id_or_slug}/payouts",
    response_class=Response,
    summary="List a seller's payouts",
    responses=answers({200: "Payouts"}, {400: "invalid_cursor", 403: "", 404: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF, members=TREASURERS, scope="payments:read")
async def list_payouts(
    request: ApiRequest, id_or_slug: SellerName, limit: Limit = 20, cursor: Cursor = ""
) -> Response:
    """List payouts, newest first; for whoever may see the balance."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.payouts.ListPayouts,
        payout_pb2.ListPayoutsRequest(seller=id_or_slug, limit=limit, cursor=cursor),
        retry=True,
    )
    return request.answer(
        200, page([render.payout(each) for each in reply.payouts], reply.next_cursor)
    )


@router.post(
    "/sellers/{id_or_slug}/payouts",
    status_code=201,
    response_class=Response,
    summary="Pay a seller",
    responses=answers(
        {201: "Payout"},
        {403: "", 404: "", 409: "payout_exceeds_available, payouts_unavailable"},
    ),
)
@rules(Access.ACCOUNT, members=TREASURERS, key=Key.REQUIRED, step_up=True, scope="payments:write")
async def create_payout(request: ApiRequest, id_or_slug: SellerName, body: PayoutBody) -> Response:
    """Pay what is available, or a part of it; the seller's owners and finance members."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.payouts.CreatePayout,
        payout_pb2.CreatePayoutRequest(seller=id_or_slug, amount=to_money(body.amount)),
    )
    return request.answer(201, render.payout(reply.payout))


@router.post(
    "/orders/{order_id}/disputes",
    status_code=201,
    response_class=Response,
    summary="Note a dispute",
    tags=["Administration"],
    responses=answers(
        {201: "Dispute"}, {403: "", 404: "", 409: "dispute_decided, dispute_exceeds_captured"}
    ),
)
@rules(Access.ACCOUNT, roles=STAFF, key=Key.HONOURED)
async def record_dispute(request: ApiRequest, order_id: OrderId, body: DisputeBody) -> Response:
    """Note that a dispute was opened, won or lost; operators and admins."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.bookkeeping.RecordDispute,
        bookkeeping_pb2.RecordDisputeRequest(
            order_id=order_id,
            reference=body.reference,
            status=body.status,
            amount=to_money(body.amount),
            fee_minor=body.fee_minor,
            reason=body.reason or "",
        ),
    )
    return request.answer(201, render.dispute(reply.dispute))


@router.post(
    "/ledger/settlements",
    status_code=201,
    response_class=Response,
    summary="Note what a provider paid out",
    tags=["Administration"],
    responses=answers({201: "Settlement"}, {403: "", 409: "settlement_differs"}),
)
@rules(Access.ACCOUNT, roles=STAFF, key=Key.HONOURED)
async def record_settlement(request: ApiRequest, body: SettlementBody) -> Response:
    """Note a payment of a provider, or of couriers who collected cash; operators and admins."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.bookkeeping.RecordSettlement,
        bookkeeping_pb2.RecordSettlementRequest(
            provider=body.provider,
            reference=body.reference,
            settled=given_money(body.settled),
            fee=to_money(body.fee),
            received=to_money(body.received),
        ),
    )
    return request.answer(201, {"id": reply.id})


@router.get(
    "/commission-rules",
    response_class=Response,
    summary="List the commission rules",
    tags=["Administration"],
    responses=answers({200: "CommissionRules"}, {403: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF)
async def list_commission_rules(request: ApiRequest) -> Response:
    """List the rules; where none fits, the rate of the settings is taken. Operators and admins."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.bookkeeping.ListCommissionRules,
        bookkeeping_pb2.ListCommissionRulesRequest(),
        retry=True,
    )
    return request.answer(200, page([render.commission_rule(each) for each in reply.rules], ""))


@router.put(
    "/commission-rules",
    response_class=Response,
    summary="Set a commission rule",
    tags=["Administration"],
    responses=answers({200: "CommissionRule"}, {403: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF)
async def put_commission_rule(request: ApiRequest, body: CommissionRuleBody) -> Response:
    """Set the rate of a seller, a category, both or all; for orders from now on."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.bookkeeping.PutCommissionRule,
        bookkeeping_pb2.PutCommissionRuleRequest(
            rule=bookkeeping_pb2.CommissionRule(
                seller_id=body.seller_id or "",
                category_id=body.category_id or "",
                rate_bps=body.rate_bps,
                tax_bps=body.tax_bps,
            )
        ),
    )
    return request.answer(200, render.commission_rule(reply.rule))


@router.delete(
    "/commission-rules/{rule_id}",
    status_code=204,
    response_class=Response,
    summary="Remove a commission rule",
    tags=["Administration"],
    responses=answers({204: ""}, {403: "", 404: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF)
async def remove_commission_rule(request: ApiRequest, rule_id: CommissionRuleId) -> Response:
    """Remove a rule; operators and admins."""
    payments = request.backend.payments
    await request.ask(
        payments,
        payments.bookkeeping.RemoveCommissionRule,
        bookkeeping_pb2.RemoveCommissionRuleRequest(id=rule_id),
    )
    return request.nothing()


@router.get(
    "/ops/reconciliation",
    response_class=Response,
    summary="Compare the books with a provider",
    tags=["Operations"],
    responses=answers({200: "Reconciliation"}, {403: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF, timeout_s=_RECONCILE_S)
async def reconcile(
    request: ApiRequest,
    provider: _Provider = "sandbox",
    since: Moment | None = None,
    until: Moment | None = None,
) -> Response:
    """List the captures and refunds on which the books and the provider's report disagree.

    A period of at most 31 days, the last day without one; operators and admins.
    """
    until = until or datetime.now(UTC)
    since = since or until - timedelta(days=1)
    payments = request.backend.payments
    asked = bookkeeping_pb2.ReconcileRequest(provider=provider)
    _set(asked.since, since)
    _set(asked.until, until)
    reply = await request.ask(
        payments, payments.bookkeeping.Reconcile, asked, timeout_s=_RECONCILE_S
    )
    return request.answer(200, render.reconciliation(reply))


def _set(field: Timestamp, at: datetime) -> None:
    field.FromDatetime(at)
