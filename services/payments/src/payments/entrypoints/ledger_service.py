"""LedgerService over gRPC."""

from __future__ import annotations

import grpc

from chassis.context import current_actor
from chassis.cursors import CursorCodec, filter_hash
from chassis.ids import parse_id
from payments.app.ports import LedgerReader
from payments.entrypoints.messages import account_message, entry_message
from payments.entrypoints.pages import Pages, limit_of
from soko.payments.v1 import payment_pb2 as pb
from soko.payments.v1 import payment_pb2_grpc

Context = grpc.aio.ServicerContext[object, object]


class LedgerServicer(payment_pb2_grpc.LedgerServiceServicer):
    """Shows the ledger to admins."""

    def __init__(self, ledger: LedgerReader, cursors: CursorCodec) -> None:
        self._ledger = ledger
        self._accounts = Pages(cursors, "ledger_accounts")
        self._entries = Pages(cursors, "ledger_entries")

    async def ListAccounts(  # noqa: N802 - the contract's name
        self, request: pb.ListAccountsRequest, context: Context
    ) -> pb.ListAccountsResponse:
        """Return accounts with their balances; admins only."""
        current_actor().require_role("admin")
        limit, filters = limit_of(request.limit), filter_hash()
        after = self._accounts.position(filters, request.cursor)
        accounts = await self._ledger.accounts(after, limit + 1)
        return pb.ListAccountsResponse(
            accounts=[account_message(account) for account in accounts[:limit]],
            next_cursor=self._accounts.next_cursor(filters, accounts, limit),
        )

    async def ListEntries(  # noqa: N802
        self, request: pb.ListEntriesRequest, context: Context
    ) -> pb.ListEntriesResponse:
        """Return entries, newest first; admins only."""
        current_actor().require_role("admin")
        limit = limit_of(request.limit)
        filters = filter_hash(request.order_id, request.account_id)
        entries = await self._ledger.entries(
            order_id=parse_id("ord", request.order_id) if request.order_id else None,
            account_id=parse_id("led", request.account_id) if request.account_id else None,
            before=self._entries.position(filters, request.cursor),
            limit=limit + 1,
        )
        return pb.ListEntriesResponse(
            entries=[entry_message(entry) for entry in entries[:limit]],
            next_cursor=self._entries.next_cursor(filters, entries, limit),
        )
