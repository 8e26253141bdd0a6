"""AccountService over gRPC."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from chassis.context import current_actor
from chassis.ids import format_id
from identity.app.delete_account import DeleteAccount, DeleteAccountHandler
from identity.app.get_contact import GetContactHandler
from identity.app.get_me import GetMeHandler
from identity.app.set_roles import SetRoles, SetRolesHandler
from identity.app.update_me import UpdateMe, UpdateMeHandler
from identity.entrypoints.messages import account_id_of, account_message, caller
from soko.identity.v1 import account_pb2 as pb
from soko.identity.v1 import account_pb2_grpc as rpc

_LISTED_SESSIONS = 100


@dataclass(frozen=True, slots=True)
class AccountHandlers:
    """The use cases behind AccountService."""

    get_me: GetMeHandler
    update_me: UpdateMeHandler
    set_roles: SetRolesHandler
    delete: DeleteAccountHandler
    get_contact: GetContactHandler


class AccountServicer(rpc.AccountServiceServicer):
    """Reads and changes accounts."""

    def __init__(self, handlers: AccountHandlers) -> None:
        self._handlers = handlers

    async def GetMe(self, request: pb.GetMeRequest, context: Any) -> pb.GetMeResponse:  # noqa: N802
        """Return the caller's account."""
        account = await self._handlers.get_me.handle(caller())
        return pb.GetMeResponse(account=account_message(account))

    async def UpdateMe(  # noqa: N802
        self, request: pb.UpdateMeRequest, context: Any
    ) -> pb.UpdateMeResponse:
        """Change the caller's account."""
        account = await self._handlers.update_me.handle(
            UpdateMe(
                caller(),
                request.name if request.HasField("name") else None,
                request.locale if request.HasField("locale") else None,
            )
        )
        return pb.UpdateMeResponse(account=account_message(account))

    async def SetRoles(  # noqa: N802
        self, request: pb.SetRolesRequest, context: Any
    ) -> pb.SetRolesResponse:
        """Replace the roles of an account."""
        by = caller()
        account = await self._handlers.set_roles.handle(
            SetRoles(by, account_id_of(request.account_id), list(request.roles))
        )
        return pb.SetRolesResponse(account=account_message(account))

    async def DeleteAccount(  # noqa: N802
        self, request: pb.DeleteAccountRequest, context: Any
    ) -> pb.DeleteAccountResponse:
        """Delete the caller's account; who has a second factor must have stepped up."""
        actor = current_actor()
        actor.require_step_up()
        stepped_up = actor.stepped_up_until > time.time()
        ended = await self._handlers.delete.handle(
            DeleteAccount(caller(), request.password, stepped_up)
        )
        return pb.DeleteAccountResponse(
            session_ids=[format_id("ses", each) for each in ended.sessions[:_LISTED_SESSIONS]],
            api_key_ids=[format_id("key", each) for each in ended.api_keys],
        )

    async def GetContact(  # noqa: N802
        self, request: pb.GetContactRequest, context: Any
    ) -> pb.GetContactResponse:
        """Tell a service how to reach an account."""
        current_actor().require_service()
        account = await self._handlers.get_contact.handle(account_id_of(request.account_id))
        return pb.GetContactResponse(email=account.email, name=account.name, locale=account.locale)
