"""The audit log: what people did that matters to security, from every service that keeps one."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from chassis.cursors import CursorCodec, filter_hash
from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import Cursor, Limit, Moment
from gateway.openapi import answers
from gateway.rendering.values import Document, time
from gateway.rules import ADMIN, Access, rules
from soko.audit.v1.log_pb2 import AuditLogEntry, ListEntriesRequest

router = APIRouter(prefix="/v1/admin", tags=["Administration"], route_class=ApiRoute)

_KIND = "audit-log"
_Account = Annotated[
    str,
    Query(
        pattern=r"^(usr_[0-7][0-9a-hjkmnp-tv-z]{25})?$",
        description="Id of the account that acted or was acted on",
    ),
]
_Act = Annotated[str, Query(pattern=r"^[a-z_]{0,64}$", description="Name of the act")]


@router.get(
    "/audit-log",
    response_class=Response,
    summary="Read the audit log",
    responses=answers({200: "AuditLog"}, {400: "invalid_cursor"}),
)
@rules(Access.ACCOUNT, roles=ADMIN)
async def read_audit_log(
    request: ApiRequest,
    account: _Account = "",
    act: _Act = "",
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Limit = 20,
    cursor: Cursor = "",
) -> Response:
    """Read who did what to whom, when and from where, newest first; entries stay for 400 days.

    It shows what every service keeps, so it needs all of them.
    """
    codec: CursorCodec = request.app.state.cursors
    filters = filter_hash(account, act, since, until)
    before = str(codec.decode(_KIND, filters, cursor)[0]) if cursor else ""
    asked = ListEntriesRequest(account_id=account, act=act, before=before, limit=limit)
    _set(asked, since, until)
    replies = await asyncio.gather(
        *(
            request.ask(service, service.audit_log.ListEntries, asked, retry=True)
            for service in request.backend.services
        )
    )
    entries = newest(limit, *(reply.entries for reply in replies))
    more = sum(len(reply.entries) for reply in replies) > limit or any(
        len(reply.entries) == limit for reply in replies
    )
    next_cursor = codec.encode(_KIND, filters, [entries[-1].id]) if more else None
    items = [_document(entry) for entry in entries]
    return request.answer(200, {"items": items, "next_cursor": next_cursor})


def newest(limit: int, *pages: Iterable[AuditLogEntry]) -> list[AuditLogEntry]:
    """Return the newest entries of several pages; the ids of all services sort by time."""
    merged = heapq.merge(*pages, key=lambda entry: entry.id, reverse=True)
    return [entry for entry, _ in zip(merged, range(limit), strict=False)]


def _set(asked: ListEntriesRequest, since: datetime | None, until: datetime | None) -> None:
    if since is not None:
        asked.since.FromDatetime(since)
    if until is not None:
        asked.until.FromDatetime(until)


def _document(entry: AuditLogEntry) -> Document:
    return {
        "id": entry.id,
        "at": time(entry.at),
        "act": entry.act,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "session": entry.session,
        "subject": entry.subject,
        "address": entry.address,
        "trace_id": entry.trace_id,
        "detail": orjson.loads(entry.detail_json or "{}"),
    }
