"""CredentialService over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.errors import Violation, invalid
from chassis.ids import format_id
from identity.app.change_password import ChangePassword, ChangePasswordHandler
from identity.app.confirm_totp import ConfirmTotp, ConfirmTotpHandler
from identity.app.remove_totp import RemoveTotpHandler
from identity.app.start_totp import StartTotpHandler
from identity.app.step_up import StepUp, StepUpHandler
from identity.domain.second_factor import STEP_UP_LIFE
from identity.domain.session import ACCESS_TOKEN_LIFE
from identity.entrypoints.messages import caller
from soko.identity.v1 import credential_pb2 as pb
from soko.identity.v1 import credential_pb2_grpc as rpc


@dataclass(frozen=True, slots=True)
class CredentialHandlers:
    """The use cases behind CredentialService."""

    start_totp: StartTotpHandler
    confirm_totp: ConfirmTotpHandler
    remove_totp: RemoveTotpHandler
    step_up: StepUpHandler
    change_password: ChangePasswordHandler


class CredentialServicer(rpc.CredentialServiceServicer):
    """What an account proves itself with; no idempotency keys, because answers hold secrets."""

    def __init__(self, handlers: CredentialHandlers) -> None:
        self._handlers = handlers

    async def StartTotp(  # noqa: N802
        self, request: pb.StartTotpRequest, context: Any
    ) -> pb.StartTotpResponse:
        """Make a seed."""
        seed = await self._handlers.start_totp.handle(caller())
        return pb.StartTotpResponse(secret=seed.secret, otpauth_uri=seed.otpauth_uri)

    async def ConfirmTotp(  # noqa: N802
        self, request: pb.ConfirmTotpRequest, context: Any
    ) -> pb.ConfirmTotpResponse:
        """Set the second factor."""
        codes = await self._handlers.confirm_totp.handle(ConfirmTotp(caller(), request.code))
        return pb.ConfirmTotpResponse(recovery_codes=codes)

    async def RemoveTotp(  # noqa: N802
        self, request: pb.RemoveTotpRequest, context: Any
    ) -> pb.RemoveTotpResponse:
        """Take the second factor away."""
        await self._handlers.remove_totp.handle(caller())
        return pb.RemoveTotpResponse()

    async def StepUp(  # noqa: N802
        self, request: pb.StepUpRequest, context: Any
    ) -> pb.StepUpResponse:
        """Prove once more who calls."""
        by = caller()
        if bool(request.totp_code) == bool(request.password):
            detail = "Give either totp_code or password."
            raise invalid("validation_failed", detail, [Violation("", detail)])
        token = await self._handlers.step_up.handle(StepUp(by, request.totp_code, request.password))
        return pb.StepUpResponse(
            access_token=token,
            expires_in_s=int(ACCESS_TOKEN_LIFE.total_seconds()),
            step_up_expires_in_s=int(STEP_UP_LIFE.total_seconds()),
        )

    async def ChangePassword(  # noqa: N802
        self, request: pb.ChangePasswordRequest, context: Any
    ) -> pb.ChangePasswordResponse:
        """Change the password."""
        ended = await self._handlers.change_password.handle(
            ChangePassword(caller(), request.current_password, request.new_password)
        )
        return pb.ChangePasswordResponse(session_ids=[format_id("ses", each) for each in ended])
