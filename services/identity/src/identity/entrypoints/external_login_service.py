"""ExternalLoginService over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from identity.app.begin_external_login import (
    BeginExternalLogin,
    BeginExternalLoginHandler,
    BegunLogin,
)
from identity.app.finish_external_login import FinishExternalLogin, FinishExternalLoginHandler
from identity.app.finish_link import FinishLink, FinishLinkHandler
from identity.app.list_identities import ListIdentitiesHandler
from identity.app.login_providers import LoginProviders, ProviderAnswer
from identity.app.unlink_identity import UnlinkIdentity, UnlinkIdentityHandler
from identity.domain.external_identity import ATTEMPT_LIFE, ExternalIdentity
from identity.entrypoints.messages import caller, device, tokens_message
from soko.identity.v1 import external_login_pb2 as pb
from soko.identity.v1 import external_login_pb2_grpc as rpc


@dataclass(frozen=True, slots=True)
class ExternalLoginHandlers:
    """The use cases behind ExternalLoginService."""

    providers: LoginProviders
    begin: BeginExternalLoginHandler
    finish: FinishExternalLoginHandler
    finish_link: FinishLinkHandler
    list_identities: ListIdentitiesHandler
    unlink: UnlinkIdentityHandler


class ExternalLoginServicer(rpc.ExternalLoginServiceServicer):
    """Logs in with other issuers' identities, and links them to accounts."""

    def __init__(self, handlers: ExternalLoginHandlers) -> None:
        self._handlers = handlers

    async def ListLoginProviders(  # noqa: N802
        self, request: pb.ListLoginProvidersRequest, context: Any
    ) -> pb.ListLoginProvidersResponse:
        """List the providers that are switched on, to anybody."""
        return pb.ListLoginProvidersResponse(
            providers=[
                pb.LoginProvider(name=each.name, title=each.title)
                for each in self._handlers.providers.all
            ]
        )

    async def BeginExternalLogin(  # noqa: N802
        self, request: pb.BeginExternalLoginRequest, context: Any
    ) -> pb.BeginExternalLoginResponse:
        """Begin a login."""
        begun = await self._handlers.begin.handle(BeginExternalLogin(request.provider))
        return pb.BeginExternalLoginResponse(begun=_begun_message(begun))

    async def FinishExternalLogin(  # noqa: N802
        self, request: pb.FinishExternalLoginRequest, context: Any
    ) -> pb.FinishExternalLoginResponse:
        """Open a session."""
        tokens = await self._handlers.finish.handle(
            FinishExternalLogin(
                _answer_of(request.answer),
                request.locale,
                request.totp_code,
                device(request.user_agent),
            )
        )
        return pb.FinishExternalLoginResponse(tokens=tokens_message(tokens))

    async def ListIdentities(  # noqa: N802
        self, request: pb.ListIdentitiesRequest, context: Any
    ) -> pb.ListIdentitiesResponse:
        """List the caller's identities."""
        identities = await self._handlers.list_identities.handle(caller())
        return pb.ListIdentitiesResponse(
            identities=[_identity_message(each) for each in identities]
        )

    async def BeginLink(  # noqa: N802
        self, request: pb.BeginLinkRequest, context: Any
    ) -> pb.BeginLinkResponse:
        """Begin to link an identity to the caller's account; it will be a way into it."""
        begun = await self._handlers.begin.handle(BeginExternalLogin(request.provider, caller()))
        return pb.BeginLinkResponse(begun=_begun_message(begun))

    async def FinishLink(  # noqa: N802
        self, request: pb.FinishLinkRequest, context: Any
    ) -> pb.FinishLinkResponse:
        """Link an identity to the caller's account."""
        linked = await self._handlers.finish_link.handle(
            FinishLink(caller(), _answer_of(request.answer))
        )
        return pb.FinishLinkResponse(identity=_identity_message(linked))

    async def UnlinkIdentity(  # noqa: N802
        self, request: pb.UnlinkIdentityRequest, context: Any
    ) -> pb.UnlinkIdentityResponse:
        """End a link."""
        await self._handlers.unlink.handle(UnlinkIdentity(caller(), request.provider))
        return pb.UnlinkIdentityResponse()


def _answer_of(message: pb.ProviderAnswer) -> ProviderAnswer:
    return ProviderAnswer(
        message.provider, message.code, message.state, message.client_token, message.issuer
    )


def _begun_message(begun: BegunLogin) -> pb.BegunLogin:
    return pb.BegunLogin(
        authorization_url=begun.authorization_url,
        client_token=begun.client_token,
        expires_in_s=int(ATTEMPT_LIFE.total_seconds()),
    )


def _identity_message(identity: ExternalIdentity) -> pb.ExternalIdentity:
    message = pb.ExternalIdentity(provider=identity.provider, email=identity.email)
    message.linked_at.FromDatetime(identity.linked_at)
    return message
