"""KeyService over gRPC."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from soko.identity.v1 import key_pb2 as pb
from soko.identity.v1 import key_pb2_grpc as rpc


class KeyServicer(rpc.KeyServiceServicer):
    """Publishes the keys that access tokens are verified with."""

    def __init__(self, jwks_json: Callable[[], Awaitable[str]]) -> None:
        self._jwks_json = jwks_json

    async def GetJwks(  # noqa: N802
        self, request: pb.GetJwksRequest, context: Any
    ) -> pb.GetJwksResponse:
        """Return the current public keys to anybody."""
        return pb.GetJwksResponse(jwks_json=await self._jwks_json())
