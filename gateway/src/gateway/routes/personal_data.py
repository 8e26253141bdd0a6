"""Everything that is stored of the caller, as one document.

The services are asked page by page while the document is being sent, so that nothing of it is ever
stored and memory does not grow with it. An idempotency key is not honoured: its stored answer
would be a second copy of somebody's data, and reading changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Response
from starlette.responses import StreamingResponse

from gateway.api import JSON, ApiRequest, ApiRoute, dump
from gateway.backend import Identity, Notifications, Orders
from gateway.openapi import answers
from gateway.rendering.payments import payment
from gateway.rules import Access, rules
from soko.payments.v1.payment_pb2 import ListPaymentsRequest
from soko.privacy.v1.personal_data_pb2 import (
    ListPersonalDataRequest,
    ListPersonalDataResponse,
    PersonalRecord,
)

router = APIRouter(prefix="/v1/me", tags=["Account"], route_class=ApiRoute)

Source = Identity | Orders | Notifications
_TIMEOUT_S = 60.0


@router.post(
    "/export",
    response_class=Response,
    summary="Export everything about the account",
    responses=answers({200: "PersonalData"}, {429: ""}),
)
@rules(Access.ACCOUNT, timeout_s=_TIMEOUT_S)
async def export_me(request: ApiRequest) -> Response:
    """Download all that is stored of the caller: account, sessions, carts, orders, inbox.

    It is put together while it is being sent. When a service goes away meanwhile, the answer breaks
    off in the middle: what is no whole JSON document is no whole export.
    """
    backend = request.backend
    sources: Sequence[Source] = (backend.identity, backend.orders, backend.notifications)
    # Asked before anything is sent: a service that is away makes a proper answer.
    first = await asyncio.gather(*(_page(request, source) for source in sources))
    return StreamingResponse(
        _document(request, sources, first),
        200,
        {
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="soko-export.json"',
        },
        JSON,
    )


async def _page(request: ApiRequest, source: Source, cursor: str = "") -> ListPersonalDataResponse:
    return await request.ask(
        source,
        source.personal.ListPersonalData,
        ListPersonalDataRequest(cursor=cursor),
        retry=True,
    )


async def _document(
    request: ApiRequest, sources: Sequence[Source], pages: Sequence[ListPersonalDataResponse]
) -> AsyncIterator[bytes]:
    head = {"account_id": request.actor.account_id, "exported_at": datetime.now(UTC)}
    yield dump(head)[:-1]
    for source, first in zip(sources, pages, strict=True):
        yield f',"{source.name}":['.encode()
        separator, page = b"", first
        while True:
            for record in page.records:
                yield separator + await _told(request, record)
                separator = b","
            if not page.next_cursor:
                break
            page = await _page(request, source, page.next_cursor)
        yield b"]"
    yield b"}"


async def _told(request: ApiRequest, record: PersonalRecord) -> bytes:
    """Return a record with its kind, an order with its payments."""
    told = b'{"kind":' + dump(record.kind) + b"," + record.json[1:]
    if record.kind != "order":
        return told
    payments = request.backend.payments
    reply = await request.ask(
        payments,
        payments.payments.ListPayments,
        ListPaymentsRequest(order_id=record.id),
        retry=True,
        as_itself=True,
    )
    paid = dump([payment(each) for each in reply.payments])
    return told[:-1] + b',"payments":' + paid + b"}"
