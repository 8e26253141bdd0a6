"""The caller's sessions, and the password that opens them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import Cursor, Limit, SessionId
from gateway.bodies.identity import PasswordBody
from gateway.openapi import answers
from gateway.rendering import identity as render
from gateway.rendering.values import page
from gateway.rules import Access, rules
from soko.common.v1.page_pb2 import PageRequest
from soko.identity.v1.credential_pb2 import ChangePasswordRequest
from soko.identity.v1.session_pb2 import ListSessionsRequest, RevokeSessionRequest

router = APIRouter(prefix="/v1/me", tags=["Account"], route_class=ApiRoute)


@router.get(
    "/sessions",
    response_class=Response,
    summary="List your sessions",
    responses=answers({200: "Sessions"}, {400: "invalid_cursor"}),
)
@rules(Access.ACCOUNT)
async def list_sessions(request: ApiRequest, limit: Limit = 20, cursor: Cursor = "") -> Response:
    """List the caller's open sessions, the newest first."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.sessions.ListSessions,
        ListSessionsRequest(page=PageRequest(limit=limit, cursor=cursor)),
        retry=True,
    )
    return request.answer(
        200, page([render.session(each) for each in reply.sessions], reply.next_cursor)
    )


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    response_class=Response,
    summary="End one of your sessions",
    responses=answers({204: ""}, {404: ""}),
)
@rules(Access.ACCOUNT)
async def revoke_session(request: ApiRequest, session_id: SessionId) -> Response:
    """End a session: its tokens stop working and its WebSockets close, at once and everywhere."""
    identity = request.backend.identity
    await request.ask(
        identity, identity.sessions.RevokeSession, RevokeSessionRequest(session_id=session_id)
    )
    await request.app.state.sessions.announce(session_id)
    return request.nothing()


@router.post(
    "/password",
    status_code=204,
    response_class=Response,
    summary="Change your password",
    responses=answers(
        {204: ""}, {401: "invalid_credentials", 422: "weak_password", 429: "too_many_attempts"}
    ),
)
@rules(Access.ACCOUNT)
async def change_password(request: ApiRequest, body: PasswordBody) -> Response:
    """Change the password; every other session of the account ends, and a mail tells of it.

    No idempotency key is honoured: what is compared for one would be a fast hash of passwords.
    """
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.credentials.ChangePassword,
        ChangePasswordRequest(
            current_password=body.current_password, new_password=body.new_password
        ),
    )
    for session_id in reply.session_ids:
        await request.app.state.sessions.announce(session_id)
    return request.nothing()
