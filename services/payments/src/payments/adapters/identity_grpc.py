"""Memberships, asked of identity at the moment they matter."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from chassis.grpc_client import Peer
from payments.app.ports import Seller
from soko.identity.v1 import seller_pb2, seller_pb2_grpc

_AT_ONCE = 8


class IdentityMemberships:
    """Asks live: a refund is not decided by what a token said some minutes ago."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = seller_pb2_grpc.SellerServiceStub(peer.channel)

    async def sellers_of(
        self, account_id: str, seller_ids: Collection[str], roles: Collection[str]
    ) -> set[str]:
        """Return those of the sellers where the account has one of the roles now.

        Raises ServiceError ``unavailable`` or ``timeout`` when identity is away.
        """
        places = asyncio.Semaphore(_AT_ONCE)

        async def role(seller_id: str) -> str:
            async with places:
                request = seller_pb2.GetMembershipRequest(
                    seller_id=seller_id, account_id=account_id
                )
                answer = await self._peer.call(self._stub.GetMembership, request, retry=True)
                return answer.role

        ordered = sorted(seller_ids)
        found = await asyncio.gather(*(role(seller_id) for seller_id in ordered))
        return {seller for seller, has in zip(ordered, found, strict=True) if has in roles}

    async def seller(self, id_or_slug: str) -> Seller:
        """Return a seller; raises ServiceError ``not_found``, or that identity is away."""
        request = seller_pb2.GetSellerRequest(id_or_slug=id_or_slug)
        answer = await self._peer.call(self._stub.GetSeller, request, retry=True)
        return Seller(answer.seller.id, answer.seller.currency)
