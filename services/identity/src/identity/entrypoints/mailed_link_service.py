"""MailedLinkService over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.context import current_actor, current_client_address
from chassis.ids import format_id, parse_id
from identity.app.confirm_password_reset import ConfirmPasswordReset, ConfirmPasswordResetHandler
from identity.app.mint_link_token import MintLinkTokenHandler
from identity.app.request_email_verification import (
    RequestEmailVerification,
    RequestEmailVerificationHandler,
)
from identity.app.request_password_reset import RequestPasswordReset, RequestPasswordResetHandler
from identity.app.verify_email import VerifyEmail, VerifyEmailHandler
from identity.entrypoints.messages import caller
from soko.identity.v1 import mailed_link_pb2 as pb
from soko.identity.v1 import mailed_link_pb2_grpc as rpc

_LISTED_SESSIONS = 100


@dataclass(frozen=True, slots=True)
class MailedLinkHandlers:
    """The use cases behind MailedLinkService."""

    request_reset: RequestPasswordResetHandler
    confirm_reset: ConfirmPasswordResetHandler
    request_verification: RequestEmailVerificationHandler
    verify: VerifyEmailHandler
    mint: MintLinkTokenHandler


class MailedLinkServicer(rpc.MailedLinkServiceServicer):
    """Links that are mailed to an account's address and work once."""

    def __init__(self, handlers: MailedLinkHandlers) -> None:
        self._handlers = handlers

    async def RequestPasswordReset(  # noqa: N802
        self, request: pb.RequestPasswordResetRequest, context: Any
    ) -> pb.RequestPasswordResetResponse:
        """Take a request in from anybody."""
        await self._handlers.request_reset.handle(RequestPasswordReset(request.email))
        return pb.RequestPasswordResetResponse()

    async def ConfirmPasswordReset(  # noqa: N802
        self, request: pb.ConfirmPasswordResetRequest, context: Any
    ) -> pb.ConfirmPasswordResetResponse:
        """Set a new password; the token is the credential, so anybody may present it."""
        ended = await self._handlers.confirm_reset.handle(
            ConfirmPasswordReset(request.token, request.new_password, current_client_address())
        )
        return pb.ConfirmPasswordResetResponse(
            session_ids=[format_id("ses", session_id) for session_id in ended[:_LISTED_SESSIONS]]
        )

    async def RequestEmailVerification(  # noqa: N802
        self, request: pb.RequestEmailVerificationRequest, context: Any
    ) -> pb.RequestEmailVerificationResponse:
        """Take the caller's request in."""
        await self._handlers.request_verification.handle(RequestEmailVerification(caller()))
        return pb.RequestEmailVerificationResponse()

    async def VerifyEmail(  # noqa: N802
        self, request: pb.VerifyEmailRequest, context: Any
    ) -> pb.VerifyEmailResponse:
        """Verify an address; the token is the credential, so anybody may present it."""
        await self._handlers.verify.handle(VerifyEmail(request.token))
        return pb.VerifyEmailResponse()

    async def MintToken(  # noqa: N802
        self, request: pb.MintTokenRequest, context: Any
    ) -> pb.MintTokenResponse:
        """Make a token for the service that sends mail."""
        current_actor().require_service()
        token, minted = await self._handlers.mint.handle(parse_id("lnk", request.request_id))
        return pb.MintTokenResponse(
            token=token.text,
            purpose=minted.purpose,
            life_s=int(minted.life.total_seconds()),
            email=minted.account.email,
            locale=minted.account.locale,
        )
