"""ApiKeyService over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.ids import format_id, parse_id
from identity.app.create_api_key import CreateApiKey, CreateApiKeyHandler
from identity.app.exchange_api_key import ExchangeApiKey, ExchangeApiKeyHandler
from identity.app.list_api_keys import ListApiKeysHandler
from identity.app.revoke_api_key import RevokeApiKey, RevokeApiKeyHandler
from identity.domain.api_key import ApiKey
from identity.entrypoints.messages import caller
from soko.identity.v1 import api_key_pb2 as pb
from soko.identity.v1 import api_key_pb2_grpc as rpc


@dataclass(frozen=True, slots=True)
class ApiKeyHandlers:
    """The use cases behind ApiKeyService."""

    create: CreateApiKeyHandler
    list_keys: ListApiKeysHandler
    revoke: RevokeApiKeyHandler
    exchange: ExchangeApiKeyHandler


class ApiKeyServicer(rpc.ApiKeyServiceServicer):
    """Makes, lists, revokes and exchanges API keys."""

    def __init__(self, handlers: ApiKeyHandlers) -> None:
        self._handlers = handlers

    async def CreateApiKey(  # noqa: N802
        self, request: pb.CreateApiKeyRequest, context: Any
    ) -> pb.CreateApiKeyResponse:
        """Make a key; honours no idempotency key, because its answer holds a secret."""
        by = caller()
        key, secret = await self._handlers.create.handle(
            CreateApiKey(by, request.name, list(request.scopes), request.expires_in_days)
        )
        return pb.CreateApiKeyResponse(api_key=_message(key), secret=secret)

    async def ListApiKeys(  # noqa: N802
        self, request: pb.ListApiKeysRequest, context: Any
    ) -> pb.ListApiKeysResponse:
        """List the caller's keys."""
        keys = await self._handlers.list_keys.handle(caller())
        return pb.ListApiKeysResponse(api_keys=[_message(key) for key in keys])

    async def RevokeApiKey(  # noqa: N802
        self, request: pb.RevokeApiKeyRequest, context: Any
    ) -> pb.RevokeApiKeyResponse:
        """Revoke a key of the caller's."""
        by = caller()
        await self._handlers.revoke.handle(RevokeApiKey(by, parse_id("key", request.api_key_id)))
        return pb.RevokeApiKeyResponse()

    async def ExchangeApiKey(  # noqa: N802
        self, request: pb.ExchangeApiKeyRequest, context: Any
    ) -> pb.ExchangeApiKeyResponse:
        """Exchange a key for a token; the key is the credential, so anybody may present it."""
        token = await self._handlers.exchange.handle(ExchangeApiKey(request.secret))
        return pb.ExchangeApiKeyResponse(access_token=token.text, expires_in_s=token.expires_in_s)


def _message(key: ApiKey) -> pb.ApiKey:
    message = pb.ApiKey(
        id=format_id("key", key.id), name=key.name, prefix=key.prefix, scopes=key.scopes
    )
    message.created_at.FromDatetime(key.created_at)
    message.expires_at.FromDatetime(key.expires_at)
    if key.last_used_at is not None:
        message.last_used_at.FromDatetime(key.last_used_at)
    return message
