"""What identity tells of accounts, read with a model of our own: one that was deleted."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import DecodeError

from chassis.database import Session, Statements
from chassis.envelope import Envelope
from orders.app.ports import DeletedAccounts
from soko.events.v1.identity_pb2 import AccountDeleted

ACCOUNT_DELETED = "account_deleted"


class AccountEvents:
    """Notes in the inbox's transaction that an account was deleted; a worker does the rest."""

    def __init__(
        self, accounts: Callable[[Statements], DeletedAccounts], noted: Callable[[], None]
    ) -> None:
        self._accounts = accounts
        self._noted = noted

    async def handle(self, event: Envelope, session: Session) -> None:
        """Note it; raises ValueError or ServiceError for an event that cannot be read."""
        try:
            account_id = AccountDeleted.FromString(event.data).account_id
        except DecodeError as error:
            raise ValueError(f"{event.name} {event.id} is unreadable") from error
        await self._accounts(session).remember(account_id, event.time)

    async def after_commit(self, _: list[Envelope]) -> None:
        """Wake the worker."""
        self._noted()
