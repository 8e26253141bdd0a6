"""Registration, login, tokens, and tickets for WebSockets."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway import headers
from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.identity import LoginBody, RefreshBody, RegisterBody
from gateway.openapi import answers
from gateway.rendering import identity as render
from gateway.rules import Access, rules
from soko.identity.v1.auth_pb2 import (
    CreateWsTicketRequest,
    LoginRequest,
    LogoutRequest,
    RefreshRequest,
    RegisterRequest,
)

router = APIRouter(prefix="/v1", tags=["Sessions"], route_class=ApiRoute)


@router.post(
    "/auth/register",
    status_code=201,
    response_class=Response,
    summary="Register an account",
    responses=answers({201: "Registered"}, {409: "email_taken", 429: ""}),
)
@rules(Access.PUBLIC)
async def register(request: ApiRequest, body: RegisterBody) -> Response:
    """Create an account with a password and open its first session."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.auth.Register,
        RegisterRequest(
            email=body.email,
            password=body.password,
            name=body.name,
            locale=body.locale or headers.preferred_language(request.scope),
            user_agent=headers.user_agent(request.scope),
        ),
    )
    return request.answer(
        201, {"user": render.account(reply.account), **render.tokens(reply.tokens)}
    )


@router.post(
    "/auth/login",
    response_class=Response,
    summary="Open a session",
    responses=answers(
        {200: "Tokens"},
        {401: "invalid_credentials, totp_required, invalid_totp_code", 429: "too_many_attempts"},
    ),
)
@rules(Access.PUBLIC)
async def login(request: ApiRequest, body: LoginBody) -> Response:
    """Exchange an e-mail address and password for tokens.

    An account with a second factor is asked for a code, TOTP or recovery, once both are right.
    """
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.auth.Login,
        LoginRequest(
            email=body.email,
            password=body.password,
            totp_code=body.totp_code or "",
            user_agent=headers.user_agent(request.scope),
        ),
    )
    return request.answer(200, render.tokens(reply.tokens))


@router.post(
    "/auth/refresh",
    response_class=Response,
    summary="Rotate the tokens",
    responses=answers({200: "Tokens"}, {401: "invalid_refresh_token, refresh_token_reused"}),
)
@rules(Access.PUBLIC)
async def refresh(request: ApiRequest, body: RefreshBody) -> Response:
    """Exchange a refresh token for new tokens; a second use of it ends the session."""
    identity = request.backend.identity
    reply = await request.ask(
        identity,
        identity.auth.Refresh,
        RefreshRequest(
            refresh_token=body.refresh_token, user_agent=headers.user_agent(request.scope)
        ),
    )
    return request.answer(200, render.tokens(reply.tokens))


@router.post(
    "/auth/logout",
    status_code=204,
    response_class=Response,
    summary="End the session",
    responses=answers({204: ""}),
)
@rules(Access.ACCOUNT)
async def logout(request: ApiRequest) -> Response:
    """End the caller's session: its access tokens stop working at once, everywhere."""
    identity = request.backend.identity
    reply = await request.ask(identity, identity.auth.Logout, LogoutRequest())
    await request.app.state.sessions.announce(reply.session_id or request.actor.session_id)
    return request.nothing()


@router.post(
    "/ws-tickets",
    status_code=201,
    response_class=Response,
    summary="Get a ticket for a WebSocket",
    tags=["Notifications"],
    responses=answers({201: "Ticket"}),
)
@rules(Access.ACCOUNT)
async def create_ticket(request: ApiRequest) -> Response:
    """Get a ticket that opens one WebSocket within 60 seconds."""
    identity = request.backend.identity
    reply = await request.ask(identity, identity.auth.CreateWsTicket, CreateWsTicketRequest())
    return request.answer(201, {"ticket": reply.ticket})
