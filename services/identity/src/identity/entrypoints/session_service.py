"""SessionService over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.ids import format_id, parse_id
from identity.app.list_sessions import ListSessions, ListSessionsHandler
from identity.app.ports import ListedSession
from identity.app.revoke_session import RevokeSession, RevokeSessionHandler
from identity.entrypoints.messages import caller
from soko.identity.v1 import session_pb2 as pb
from soko.identity.v1 import session_pb2_grpc as rpc


@dataclass(frozen=True, slots=True)
class SessionHandlers:
    """The use cases behind SessionService."""

    list_sessions: ListSessionsHandler
    revoke_session: RevokeSessionHandler


class SessionServicer(rpc.SessionServiceServicer):
    """The caller's own sessions."""

    def __init__(self, handlers: SessionHandlers) -> None:
        self._handlers = handlers

    async def ListSessions(  # noqa: N802
        self, request: pb.ListSessionsRequest, context: Any
    ) -> pb.ListSessionsResponse:
        """List what is open."""
        by = caller()
        found, cursor = await self._handlers.list_sessions.handle(
            ListSessions(by, max(request.page.limit, 0), request.page.cursor)
        )
        return pb.ListSessionsResponse(
            sessions=[_message(each, current=each.id == by.session_id) for each in found],
            next_cursor=cursor,
        )

    async def RevokeSession(  # noqa: N802
        self, request: pb.RevokeSessionRequest, context: Any
    ) -> pb.RevokeSessionResponse:
        """End one."""
        by = caller()
        await self._handlers.revoke_session.handle(
            RevokeSession(by, parse_id("ses", request.session_id))
        )
        return pb.RevokeSessionResponse()


def _message(session: ListedSession, *, current: bool) -> pb.Session:
    message = pb.Session(
        id=format_id("ses", session.id),
        user_agent=session.device.user_agent,
        address=session.device.network,
        current=current,
    )
    message.opened_at.FromDatetime(session.opened_at)
    message.last_used_at.FromDatetime(session.last_used_at)
    return message
