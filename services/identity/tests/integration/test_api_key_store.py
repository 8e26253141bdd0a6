"""One suite for API keys in memory and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from chassis.database import Database
from chassis.ids import format_id, new_id
from identity.adapters.account_store import AccountStore
from identity.adapters.api_key_store import ApiKeyStore
from identity.app.opaque_token import new_token
from identity.domain.api_key import MAX_KEYS
from identity.domain.errors import SessionEnded, TooManyApiKeys
from identity.domain.session import KEPT_AFTER_END
from services.identity.tests.builders import NOW, make_key, registered
from services.identity.tests.conftest import Stores
from soko.events.v1 import identity_pb2 as events

MINUTE = timedelta(minutes=1)


async def test_a_key_is_found_by_its_secret_until_it_expires(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    key, secret = make_key(account.id, "catalog:read", life_days=1), new_token()
    await stores.keys.add(key, secret.hash)
    assert await stores.keys.use(new_token().hash, NOW) is None
    found = await stores.keys.use(secret.hash, key.expires_at - MINUTE)
    assert found is not None
    assert (found.key.id, found.key.scopes, found.account.id) == (
        key.id,
        ("catalog:read",),
        account.id,
    )
    assert await stores.keys.use(secret.hash, key.expires_at) is None


async def test_a_revoked_key_is_gone_and_listed_as_revoked(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    stranger, _, _ = await registered(stores.accounts)
    key, secret = make_key(account.id), new_token()
    await stores.keys.add(key, secret.hash)
    assert not await stores.keys.revoke(stranger.id, key.id, NOW)
    assert await stores.keys.revoke(account.id, key.id, NOW)
    assert not await stores.keys.revoke(account.id, key.id, NOW)
    assert await stores.keys.use(secret.hash, NOW) is None
    assert not await stores.keys.of_account(account.id)
    assert key.id in await stores.keys.revoked_since(NOW, 1000)
    assert key.id not in await stores.keys.revoked_since(NOW + MINUTE, 1000)


async def test_keys_are_listed_to_their_account_newest_first(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    stranger, _, _ = await registered(stores.accounts)
    keys = [make_key(account.id, "orders:read") for _ in range(3)]
    for key in [*keys, make_key(stranger.id)]:
        await stores.keys.add(key, new_token().hash)
    listed = await stores.keys.of_account(account.id)
    assert list(listed) == sorted(keys, key=lambda key: key.id, reverse=True)


async def test_use_is_noted_now_and_then(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    key, secret = make_key(account.id), new_token()
    await stores.keys.add(key, secret.hash)

    async def noted_after_use_at(moment: datetime) -> datetime | None:
        await stores.keys.use(secret.hash, moment)
        [listed] = await stores.keys.of_account(account.id)
        return listed.last_used_at

    assert await noted_after_use_at(NOW) == NOW
    assert await noted_after_use_at(NOW + MINUTE) == NOW
    assert await noted_after_use_at(NOW + 5 * MINUTE) == NOW + 5 * MINUTE


async def test_an_account_has_a_bounded_number_of_keys_however_fast_it_asks(
    stores: Stores,
) -> None:
    account, _, _ = await registered(stores.accounts)
    outcomes = await asyncio.gather(
        *(stores.keys.add(make_key(account.id), new_token().hash) for _ in range(MAX_KEYS + 5)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, TooManyApiKeys) for outcome in outcomes) == 5
    keys = await stores.keys.of_account(account.id)
    assert len(keys) == MAX_KEYS
    await stores.keys.revoke(account.id, keys[0].id, NOW)
    await stores.keys.add(make_key(account.id), new_token().hash)


async def test_an_account_that_is_gone_gets_no_key(stores: Stores) -> None:
    with pytest.raises(SessionEnded):
        await stores.keys.add(make_key(new_id()), new_token().hash)


async def test_keys_are_swept_long_after_their_end(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    expired, revoked, living = (make_key(account.id, life_days=days) for days in (1, 200, 200))
    for key in (expired, revoked, living):
        await stores.keys.add(key, new_token().hash)
    await stores.keys.revoke(account.id, revoked.id, NOW)
    assert len(await stores.keys.of_account(account.id)) == 2
    await stores.keys.sweep(NOW + KEPT_AFTER_END + timedelta(days=2), 1000)
    assert list(await stores.keys.of_account(account.id)) == [living]
    assert revoked.id not in await stores.keys.revoked_since(NOW, 1000)


async def test_a_revocation_is_told_once(db: Database) -> None:
    told: list[None] = []
    account, _, _ = await registered(AccountStore(db, lambda: None))
    keys, key = ApiKeyStore(db, lambda: told.append(None)), make_key(account.id)
    await keys.add(key, new_token().hash)
    for _ in range(2):
        await keys.revoke(account.id, key.id, NOW)
    key_id = format_id("key", key.id)
    rows = await db.fetch_all(
        "SELECT name, payload FROM outbox WHERE aggregate_id = %(id)s", {"id": key_id}
    )
    [row] = rows
    assert (row["name"], len(told)) == ("api_key_revoked", 1)
    assert events.ApiKeyRevoked.FromString(row["payload"]) == events.ApiKeyRevoked(
        api_key_id=key_id, account_id=format_id("usr", account.id)
    )
