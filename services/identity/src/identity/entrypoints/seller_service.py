"""SellerService over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.context import current_actor, current_idempotency
from chassis.database import Database
from chassis.idempotency import idempotent
from chassis.ids import new_id, parse_id
from identity.app.find_seller import GetSellerHandler
from identity.app.get_membership import GetMembershipHandler
from identity.app.list_members import ListMembersHandler
from identity.app.open_seller import OpenSeller, OpenSellerHandler
from identity.app.put_member import PutMember, PutMemberHandler
from identity.app.remove_member import RemoveMember, RemoveMemberHandler
from identity.app.update_seller import UpdateSeller, UpdateSellerHandler
from identity.entrypoints.messages import (
    account_id_of,
    caller,
    member_message,
    seller_message,
    seller_name_of,
)
from soko.identity.v1 import seller_pb2 as pb
from soko.identity.v1 import seller_pb2_grpc as rpc


@dataclass(frozen=True, slots=True)
class SellerHandlers:
    """The use cases behind SellerService."""

    open_seller: OpenSellerHandler
    get_seller: GetSellerHandler
    update_seller: UpdateSellerHandler
    list_members: ListMembersHandler
    put_member: PutMemberHandler
    remove_member: RemoveMemberHandler
    get_membership: GetMembershipHandler


class SellerServicer(rpc.SellerServiceServicer):
    """Sellers and the accounts that work for them."""

    def __init__(self, handlers: SellerHandlers, db: Database) -> None:
        """``db`` keeps the answers that repeated requests get again."""
        self._handlers = handlers
        self.db = db

    @idempotent
    async def OpenSeller(  # noqa: N802
        self, request: pb.OpenSellerRequest, context: Any
    ) -> pb.OpenSellerResponse:
        """Open a seller."""
        key = current_idempotency()
        seller = await self._handlers.open_seller.handle(
            OpenSeller(
                caller(),
                key.derive_id("seller") if key else new_id(),
                request.name,
                request.country,
                request.currency,
                request.timezone,
            )
        )
        return pb.OpenSellerResponse(seller=seller_message(seller))

    async def GetSeller(  # noqa: N802
        self, request: pb.GetSellerRequest, context: Any
    ) -> pb.GetSellerResponse:
        """Return a seller to anybody."""
        seller = await self._handlers.get_seller.handle(seller_name_of(request.id_or_slug))
        return pb.GetSellerResponse(seller=seller_message(seller))

    async def UpdateSeller(  # noqa: N802
        self, request: pb.UpdateSellerRequest, context: Any
    ) -> pb.UpdateSellerResponse:
        """Change a seller."""
        seller = await self._handlers.update_seller.handle(
            UpdateSeller(
                caller(),
                seller_name_of(request.id_or_slug),
                request.name if request.HasField("name") else None,
                request.timezone if request.HasField("timezone") else None,
            )
        )
        return pb.UpdateSellerResponse(seller=seller_message(seller))

    async def ListMembers(  # noqa: N802
        self, request: pb.ListMembersRequest, context: Any
    ) -> pb.ListMembersResponse:
        """List a seller's members to one of them."""
        members = await self._handlers.list_members.handle(
            caller(), seller_name_of(request.id_or_slug)
        )
        return pb.ListMembersResponse(members=[member_message(member) for member in members])

    @idempotent
    async def PutMember(  # noqa: N802
        self, request: pb.PutMemberRequest, context: Any
    ) -> pb.PutMemberResponse:
        """Add a member or change its role."""
        member = await self._handlers.put_member.handle(
            PutMember(caller(), seller_name_of(request.id_or_slug), request.email, request.role)
        )
        return pb.PutMemberResponse(member=member_message(member))

    async def RemoveMember(  # noqa: N802
        self, request: pb.RemoveMemberRequest, context: Any
    ) -> pb.RemoveMemberResponse:
        """End a membership."""
        by = caller()
        await self._handlers.remove_member.handle(
            RemoveMember(by, seller_name_of(request.id_or_slug), account_id_of(request.account_id))
        )
        return pb.RemoveMemberResponse()

    async def GetMembership(  # noqa: N802
        self, request: pb.GetMembershipRequest, context: Any
    ) -> pb.GetMembershipResponse:
        """Tell a service the role that an account has at a seller now."""
        current_actor().require_service()
        role = await self._handlers.get_membership.handle(
            parse_id("sel", request.seller_id), account_id_of(request.account_id)
        )
        return pb.GetMembershipResponse(role=role)
