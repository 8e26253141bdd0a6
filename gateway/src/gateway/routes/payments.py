"""Payment methods, the sandbox and the ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import Cursor, Limit, PaymentId
from gateway.openapi import answers
from gateway.rendering import payments as render
from gateway.rendering.values import page
from gateway.routes.products import CurrencyFilter
from gateway.rules import ADMIN, Access, Key, rules
from soko.payments.v1 import payment_pb2

router = APIRouter(prefix="/v1", tags=["Payments"], route_class=ApiRoute)
sandbox_router = APIRouter(prefix="/v1/sandbox", tags=["Payments"], route_class=ApiRoute)

_CountryFilter = Annotated[
    str,
    StringConstraints(pattern="^([A-Z]{2})?$"),
    Query(description="ISO 3166-1 alpha-2 code; any without"),
]
_OrderFilter = Annotated[str, StringConstraints(pattern=r"^(ord_[0-7][0-9a-hjkmnp-tv-z]{25})?$")]
_AccountFilter = Annotated[str, StringConstraints(pattern=r"^(led_[0-7][0-9a-hjkmnp-tv-z]{25})?$")]


@router.get(
    "/payment-methods",
    response_class=Response,
    summary="List the ways to pay",
    responses=answers({200: "PaymentMethods"}),
)
@rules(Access.PUBLIC)
async def list_payment_methods(
    request: ApiRequest, currency: CurrencyFilter = "", country: _CountryFilter = ""
) -> Response:
    """List the methods that are switched on for a currency and country."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.payments.ListPaymentMethods,
        payment_pb2.ListPaymentMethodsRequest(currency=currency, country=country),
        retry=True,
    )
    methods = [{"type": each.type, "name": each.name} for each in reply.methods]
    return request.answer(200, {"items": methods})


@sandbox_router.post(
    "/payments/{payment_id}/succeed",
    response_class=Response,
    summary="Let a sandbox payment succeed",
    responses=answers({200: "Payment"}, {404: "", 409: "payment_decided"}),
)
@rules(Access.PUBLIC, key=Key.HONOURED)
async def succeed(request: ApiRequest, payment_id: PaymentId) -> Response:
    """Let a payment that awaits the buyer succeed; off in production."""
    return await _decide(request, payment_id, succeed=True)


@sandbox_router.post(
    "/payments/{payment_id}/fail",
    response_class=Response,
    summary="Let a sandbox payment fail",
    responses=answers({200: "Payment"}, {404: "", 409: "payment_decided"}),
)
@rules(Access.PUBLIC, key=Key.HONOURED)
async def fail(request: ApiRequest, payment_id: PaymentId) -> Response:
    """Let a payment that awaits the buyer fail; off in production."""
    return await _decide(request, payment_id, succeed=False)


async def _decide(request: ApiRequest, payment_id: str, *, succeed: bool) -> Response:
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.sandbox.DecidePayment,
        payment_pb2.DecidePaymentRequest(payment_id=payment_id, succeed=succeed),
    )
    return request.answer(200, render.payment(reply.payment))


@router.get(
    "/ledger/accounts",
    response_class=Response,
    summary="List the ledger's accounts",
    tags=["Administration"],
    responses=answers({200: "LedgerAccounts"}, {400: "invalid_cursor", 403: ""}),
)
@rules(Access.ACCOUNT, roles=ADMIN)
async def list_accounts(request: ApiRequest, limit: Limit = 20, cursor: Cursor = "") -> Response:
    """List the ledger's accounts with their balances; admins only."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.ledger.ListAccounts,
        payment_pb2.ListAccountsRequest(limit=limit, cursor=cursor),
        retry=True,
    )
    return request.answer(
        200, page([render.ledger_account(each) for each in reply.accounts], reply.next_cursor)
    )


@router.get(
    "/ledger/entries",
    response_class=Response,
    summary="List the ledger's entries",
    tags=["Administration"],
    responses=answers({200: "LedgerEntries"}, {400: "invalid_cursor", 403: ""}),
)
@rules(Access.ACCOUNT, roles=ADMIN)
async def list_entries(
    request: ApiRequest,
    order_id: _OrderFilter = "",
    account_id: _AccountFilter = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> Response:
    """List the ledger's entries, newest first; admins only."""
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.ledger.ListEntries,
        payment_pb2.ListEntriesRequest(
            order_id=order_id, account_id=account_id, limit=limit, cursor=cursor
        ),
        retry=True,
    )
    return request.answer(
        200, page([render.ledger_entry(each) for each in reply.entries], reply.next_cursor)
    )
