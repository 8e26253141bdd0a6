"""Sellers and memberships, asked of identity."""

from __future__ import annotations

import time
from uuid import UUID

from catalog.domain.seller import Seller
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.ids import format_id, parse_id
from soko.identity.v1 import seller_pb2
from soko.identity.v1.seller_pb2_grpc import SellerServiceStub

_KEEP_ROLE_S = 5.0
_KEEP_STRANGER_S = 1.0
_MAX_ROLES = 10_000


class IdentityClient:
    """The owner of sellers and memberships, over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = SellerServiceStub(peer.channel)
        self._roles: dict[tuple[UUID, str], tuple[float, str]] = {}

    async def seller(self, id_or_slug: str) -> Seller | None:
        """Return a seller, None if there is none; raises ServiceError when it is away."""
        request = seller_pb2.GetSellerRequest(id_or_slug=id_or_slug)
        try:
            answer = await self._peer.call(self._stub.GetSeller, request, retry=True)
        except ServiceError as error:
            if error.kind == "not_found":
                return None
            raise
        found = answer.seller
        return Seller(
            id=parse_id("sel", found.id),
            slug=found.slug,
            name=found.name,
            country=found.country,
            currency=found.currency,
            status=found.status,
        )

    async def role(self, seller_id: UUID, account_id: str) -> str:
        """Return an account's role at a seller, empty without one; five seconds old at most."""
        now = time.monotonic()
        known = self._roles.get((seller_id, account_id))
        if known is not None and known[0] > now:
            return known[1]
        answer = await self._peer.call(
            self._stub.GetMembership,
            seller_pb2.GetMembershipRequest(
                seller_id=format_id("sel", seller_id), account_id=account_id
            ),
            retry=True,
        )
        if len(self._roles) >= _MAX_ROLES:
            self._roles.clear()
        keep_s = _KEEP_ROLE_S if answer.role else _KEEP_STRANGER_S
        self._roles[seller_id, account_id] = (now + keep_s, answer.role)
        return answer.role
