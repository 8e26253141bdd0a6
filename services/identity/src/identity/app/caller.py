"""The account that calls, as it stands in the database and not as its token says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.app.ports import Accounts
from identity.domain.account import Account
from identity.domain.errors import SessionEnded


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a verified access token names."""

    account_id: UUID
    session_id: UUID


async def require_live(accounts: Accounts, caller: Caller, now: datetime) -> Account:
    """Return the caller's account as it is now; raises SessionEnded when its session is over."""
    account = await accounts.of_session(caller.account_id, caller.session_id, now)
    if account is None:
        raise SessionEnded
    return account
