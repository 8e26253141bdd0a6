"""AuthService over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter

from chassis.context import current_actor, current_client_address
from chassis.ids import format_id
from identity.app.create_ws_ticket import CreateWsTicket, CreateWsTicketHandler
from identity.app.guarded_login import GuardedLogInHandler
from identity.app.list_revoked_sessions import ListRevokedSessionsHandler
from identity.app.list_secured_accounts import ListSecuredAccountsHandler
from identity.app.login import LogIn
from identity.app.logout import LogOut, LogOutHandler
from identity.app.redeem_ws_ticket import RedeemWsTicket, RedeemWsTicketHandler
from identity.app.refresh import Refresh, RefreshHandler
from identity.app.register import Register, RegisterHandler
from identity.domain.account import MAX_CLAIMED_SELLERS
from identity.domain.errors import IdentityError
from identity.entrypoints.messages import account_message, caller, device, tokens_message
from soko.identity.v1 import auth_pb2 as pb
from soko.identity.v1 import auth_pb2_grpc as rpc

LOGINS = Counter(
    "soko_logins_total",
    "Logins with a password by outcome: ok, or the error's code.",
    ("outcome",),
)
for _outcome in ("ok", "invalid_credentials", "too_many_attempts"):
    LOGINS.labels(_outcome)


@dataclass(frozen=True, slots=True)
class AuthHandlers:
    """The use cases behind AuthService."""

    register: RegisterHandler
    login: GuardedLogInHandler
    refresh: RefreshHandler
    logout: LogOutHandler
    create_ws_ticket: CreateWsTicketHandler
    redeem_ws_ticket: RedeemWsTicketHandler
    list_revoked_sessions: ListRevokedSessionsHandler
    list_secured_accounts: ListSecuredAccountsHandler


class AuthServicer(rpc.AuthServiceServicer):
    """Registers accounts and opens, renews and ends sessions."""

    def __init__(self, handlers: AuthHandlers) -> None:
        self._handlers = handlers

    async def Register(  # noqa: N802
        self, request: pb.RegisterRequest, context: Any
    ) -> pb.RegisterResponse:
        """Create an account; honours no idempotency key, because its answer holds secrets."""
        account, tokens = await self._handlers.register.handle(
            Register(
                request.email,
                request.password,
                request.name,
                request.locale,
                device(request.user_agent),
            )
        )
        return pb.RegisterResponse(account=account_message(account), tokens=tokens_message(tokens))

    async def Login(self, request: pb.LoginRequest, context: Any) -> pb.LoginResponse:  # noqa: N802
        """Open a session."""
        try:
            tokens = await self._handlers.login.handle(
                LogIn(
                    request.email, request.password, request.totp_code, device(request.user_agent)
                ),
                current_client_address(),
            )
        except IdentityError as error:
            LOGINS.labels(error.code).inc()
            raise
        LOGINS.labels("ok").inc()
        return pb.LoginResponse(tokens=tokens_message(tokens))

    async def Refresh(  # noqa: N802
        self, request: pb.RefreshRequest, context: Any
    ) -> pb.RefreshResponse:
        """Rotate a refresh token."""
        tokens = await self._handlers.refresh.handle(
            Refresh(request.refresh_token, device(request.user_agent))
        )
        return pb.RefreshResponse(tokens=tokens_message(tokens))

    async def Logout(  # noqa: N802
        self, request: pb.LogoutRequest, context: Any
    ) -> pb.LogoutResponse:
        """End the caller's session."""
        leaving = caller()
        await self._handlers.logout.handle(LogOut(leaving))
        return pb.LogoutResponse(session_id=format_id("ses", leaving.session_id))

    async def CreateWsTicket(  # noqa: N802
        self, request: pb.CreateWsTicketRequest, context: Any
    ) -> pb.CreateWsTicketResponse:
        """Make a ticket for the caller."""
        ticket = await self._handlers.create_ws_ticket.handle(CreateWsTicket(caller()))
        return pb.CreateWsTicketResponse(ticket=ticket)

    async def RedeemWsTicket(  # noqa: N802
        self, request: pb.RedeemWsTicketRequest, context: Any
    ) -> pb.RedeemWsTicketResponse:
        """Use a ticket up; services only, which hold the socket."""
        current_actor().require_service()
        found = await self._handlers.redeem_ws_ticket.handle(RedeemWsTicket(request.ticket))
        return pb.RedeemWsTicketResponse(
            account_id=format_id("usr", found.account.id),
            session_id=format_id("ses", found.session_id),
            roles=found.account.roles,
            sellers={
                format_id("sel", known.seller_id): known.role
                for known in found.account.memberships[:MAX_CLAIMED_SELLERS]
            },
        )

    async def ListRevokedSessions(  # noqa: N802
        self, request: pb.ListRevokedSessionsRequest, context: Any
    ) -> pb.ListRevokedSessionsResponse:
        """List what was revoked; services only."""
        current_actor().require_service()
        sessions, keys = await self._handlers.list_revoked_sessions.handle()
        secured = await self._handlers.list_secured_accounts.handle()
        return pb.ListRevokedSessionsResponse(
            session_ids=[format_id("ses", session_id) for session_id in sessions],
            api_key_ids=[format_id("key", key_id) for key_id in keys],
            secured_account_ids=[format_id("usr", account_id) for account_id in secured],
        )
