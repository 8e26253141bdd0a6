"""Accounts, sessions and sellers for tests; every one is another."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from uuid import UUID

from chassis.ids import new_id
from identity.app.caller import Caller
from identity.app.opaque_token import OpaqueToken, new_token
from identity.app.ports import Accounts
from identity.domain.account import Account
from identity.domain.api_key import ApiKey, expiry
from identity.domain.seller import Seller
from identity.domain.session import NewSession

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "jacaranda-in-bloom"
_numbers = itertools.count(1)


def make_email() -> str:
    """Return an address that no other test has."""
    return f"Sample.{next(_numbers)}.{new_id().hex[-8:]}@soko.example"


def make_account(email: str = "", name: str = "Sample", locale: str = "sw-KE") -> Account:
    return Account(new_id(), email or make_email(), name, locale)


def make_session(account: Account, token: OpaqueToken, at: datetime = NOW) -> NewSession:
    return NewSession(new_id(), account.id, token.hash, at)


def make_seller(name: str = "Duka", slug: str = "", at: datetime = NOW) -> Seller:
    slug = slug or f"duka-{new_id().hex}"
    return Seller(new_id(), slug, name, "KE", "KES", "Africa/Nairobi", at)


def make_key(account_id: UUID, *scopes: str, at: datetime = NOW, life_days: int = 90) -> ApiKey:
    return ApiKey(new_id(), account_id, "Sample", "soko_sample", scopes, at, expiry(at, life_days))


async def registered(
    accounts: Accounts, email: str = "", at: datetime = NOW
) -> tuple[Account, Caller, OpaqueToken]:
    """Register an account; return it with its first session and refresh token."""
    account, token = make_account(email), new_token()
    session = make_session(account, token, at)
    await accounts.register(account, "hash-1", session)
    return account, Caller(account.id, session.id), token
