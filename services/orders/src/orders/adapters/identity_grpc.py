"""Identity: how to reach an account, and who works for a seller."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from chassis.grpc_client import Peer
from soko.identity.v1 import account_pb2, seller_pb2
from soko.identity.v1.account_pb2_grpc import AccountServiceStub
from soko.identity.v1.seller_pb2_grpc import SellerServiceStub

_KEEP_S = 5.0
_KEEP_MAX = 10_000
V = TypeVar("V")


class IdentityAccounts:
    """Accounts over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = AccountServiceStub(peer.channel)

    async def email_of(self, account_id: str) -> str:
        """Return an account's e-mail address; raises ServiceError when identity is away."""
        request = account_pb2.GetContactRequest(account_id=account_id)
        answer = await self._peer.call(self._stub.GetContact, request, retry=True)
        return answer.email


class IdentitySellers:
    """Sellers over gRPC; answers are kept for seconds."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = SellerServiceStub(peer.channel)
        self._ids: _Kept[str] = _Kept()
        self._roles: _Kept[str] = _Kept()

    async def resolve(self, id_or_slug: str) -> str:
        """Return a seller's id; raises ServiceError ``not_found``."""

        async def ask() -> str:
            request = seller_pb2.GetSellerRequest(id_or_slug=id_or_slug)
            answer = await self._peer.call(self._stub.GetSeller, request, retry=True)
            return answer.seller.id

        return await self._ids.get(id_or_slug, ask)

    async def role_of(self, seller_id: str, account_id: str) -> str:
        """Return an account's role at a seller, empty without one."""

        async def ask() -> str:
            request = seller_pb2.GetMembershipRequest(seller_id=seller_id, account_id=account_id)
            answer = await self._peer.call(self._stub.GetMembership, request, retry=True)
            return answer.role

        return await self._roles.get(f"{seller_id} {account_id}", ask)


class _Kept(Generic[V]):
    """Answers of the last seconds; emptied when it grows too large."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[float, V]] = {}

    async def get(self, key: str, ask: Callable[[], Awaitable[V]]) -> V:
        known = self._answers.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        value = await ask()
        if len(self._answers) >= _KEEP_MAX:
            self._answers.clear()
        self._answers[key] = (time.monotonic() + _KEEP_S, value)
        return value
