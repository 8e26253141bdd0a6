"""Events that services could not handle: read from all of them, redriven one by one."""

from __future__ import annotations

import heapq
from typing import Annotated

from fastapi import APIRouter, Query, Response

from chassis.cursors import CursorCodec, filter_hash
from chassis.errors import not_found
from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import Cursor, Limit
from gateway.everybody import ask_everybody
from gateway.openapi import answers
from gateway.rendering import operations as render
from gateway.rules import STAFF, Access, Key, rules
from soko.ops.v1.ops_pb2 import DeadLetter, ListDeadLettersRequest, RedriveDeadLetterRequest

router = APIRouter(prefix="/v1/ops/dead-letters", tags=["Operations"], route_class=ApiRoute)

_KIND = "dead-letters"
_Type = Annotated[
    str,
    Query(
        alias="type",
        pattern=r"^[a-z0-9_.]{0,128}$",
        description="Type of the event, such as `soko.orders.order_confirmed.v1`",
    ),
]


@router.get(
    "",
    response_class=Response,
    summary="List dead letters",
    responses=answers({200: "DeadLetterList"}, {400: "invalid_cursor", 403: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF)
async def list_dead_letters(
    request: ApiRequest, event_type: _Type = "", limit: Limit = 20, cursor: Cursor = ""
) -> Response:
    """List the events that a service gave up and nobody redrove, newest first.

    `unavailable` names the services that could not be asked. Operators and admins only.
    """
    codec: CursorCodec = request.app.state.cursors
    filters = filter_hash(event_type)
    asked = ListDeadLettersRequest(type=event_type, limit=limit)
    if cursor:
        at_us, last_id = codec.decode(_KIND, filters, cursor)
        asked.before_at.FromMicroseconds(int(str(at_us)))
        asked.before_id = str(last_id)
    told = await ask_everybody(
        request.backend.services,
        lambda service: request.ask(service, service.ops.ListDeadLetters, asked, retry=True),
    )
    pages = [reply.dead_letters for reply in told.answers.values()]
    merged = heapq.merge(*pages, key=_order, reverse=True)
    found = [letter for letter, _ in zip(merged, range(limit), strict=False)]
    more = sum(map(len, pages)) > limit or any(len(page) == limit for page in pages)
    next_cursor = codec.encode(_KIND, filters, _order(found[-1])) if found and more else None
    return request.answer(
        200,
        {
            "items": [render.dead_letter(each) for each in found],
            "next_cursor": next_cursor,
            "unavailable": sorted(told.away),
        },
    )


@router.post(
    "/{dead_letter_id}/redrive",
    response_class=Response,
    summary="Redrive a dead letter",
    responses=answers(
        {200: "DeadLetter"},
        {403: "", 404: "", 409: "already_redriven, event_failed_again, event_not_heard"},
    ),
)
@rules(Access.ACCOUNT, roles=STAFF, key=Key.HONOURED)
async def redrive_dead_letter(request: ApiRequest, dead_letter_id: str) -> Response:
    """Handle the event once more, after what made it fail was mended; it has its effect once.

    It stands in the audit log. Operators and admins only.
    """
    name = dead_letter_id.split("_")[1:2]
    for service in request.backend.services:
        if [service.name] == name:
            reply = await request.ask(
                service,
                service.ops.RedriveDeadLetter,
                RedriveDeadLetterRequest(id=dead_letter_id),
            )
            return request.answer(200, render.dead_letter(reply.dead_letter))
    raise not_found()


def _order(letter: DeadLetter) -> tuple[int, str]:
    return letter.at.ToMicroseconds(), letter.id
