"""The account that calls, as it stands in the database and not as its token says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.app.ports import Accounts
from identity.domain.account import Account
from identity.domain.errors import SessionEnded, StepUpRequired


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a verified access token names."""

    account_id: UUID
    session_id: UUID
    stepped_up_until: datetime | None = None
    """Up to when the account proved itself once more; None if it did not."""


async def require_live(accounts: Accounts, caller: Caller, now: datetime) -> Account:
    """Return the caller's account as it is now; raises SessionEnded when its session is over."""
    account = await accounts.of_session(caller.account_id, caller.session_id, now)
    if account is None:
        raise SessionEnded
    return account


def require_step_up(account: Account, caller: Caller, now: datetime) -> None:
    """Raise StepUpRequired for an account with a second factor that did not prove itself just now.

    Whether it has one is taken from the database: a token may be older than the factor.
    """
    until = caller.stepped_up_until
    if account.second_factor and (until is None or until <= now):
        raise StepUpRequired
