"""One suite for mailed links in memory and on PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from chassis.database import Database
from chassis.ids import format_id, new_id
from identity.app.opaque_token import new_token
from identity.domain.account import Account, email_key
from identity.domain.mailed_link import (
    EMAIL_VERIFICATION,
    KEPT_FOR,
    MAILED_PER,
    MAILED_WITHIN,
    MAX_MAILED,
    PASSWORD_RESET,
    TOKEN_LIFE,
    NewLink,
)
from services.identity.tests.builders import NOW, make_session, registered
from services.identity.tests.conftest import Stores

SECOND = timedelta(seconds=1)
RESET_LIFE = TOKEN_LIFE[PASSWORD_RESET]


async def ask_reset(stores: Stores, account: Account, at: datetime = NOW) -> UUID:
    link = NewLink(new_id(), at)
    await stores.links.ask_reset(link, email_key(account.email))
    return link.id


async def mint(stores: Stores, link_id: UUID, at: datetime = NOW) -> bytes | None:
    """Return the hash of a new token, None if there is nothing to mail."""
    token = new_token().hash
    return token if await stores.links.mint(link_id, token, at) else None


async def reset_token(stores: Stores, account: Account, at: datetime = NOW) -> bytes:
    token = await mint(stores, await ask_reset(stores, account, at), at)
    assert token is not None
    return token


async def works(stores: Stores, token: bytes, at: datetime = NOW) -> bool:
    return await stores.links.account_of(token, PASSWORD_RESET, at) is not None


async def test_a_reset_changes_the_password_verifies_the_address_and_ends_every_session(
    stores: Stores,
) -> None:
    account, caller, _ = await registered(stores.accounts)
    other = make_session(account, new_token())
    await stores.sessions.open(other, NOW)
    token = await reset_token(stores, account)
    found = await stores.links.account_of(token, PASSWORD_RESET, NOW)
    assert found == account
    ended = await stores.links.reset_password(token, "hash-2", NOW + SECOND)
    assert ended is not None
    assert set(ended) == {caller.session_id, other.id}
    known = await stores.accounts.credentials_of(email_key(account.email))
    assert known is not None
    assert (known.password_hash, known.changed_at) == ("hash-2", NOW + SECOND)
    assert await stores.accounts.of_session(account.id, caller.session_id, NOW) is None
    now = await stores.accounts.find(account.id)
    assert now is not None
    assert now.email_verified
    late = make_session(account, new_token())
    assert await stores.sessions.open(late, NOW) is None


async def test_a_link_works_once(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    token = await reset_token(stores, account)
    assert await stores.links.reset_password(token, "hash-2", NOW) is not None
    assert await stores.links.reset_password(token, "hash-3", NOW) is None
    assert not await works(stores, token)


async def test_of_many_who_use_a_link_at_once_one_gets_through(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    token = await reset_token(stores, account)
    outcomes = await asyncio.gather(
        *(stores.links.reset_password(token, f"hash-{n}", NOW) for n in range(8))
    )
    [winner] = [n for n, ended in enumerate(outcomes) if ended is not None]
    known = await stores.accounts.credentials_of(email_key(account.email))
    assert known is not None
    assert known.password_hash == f"hash-{winner}"


async def test_every_mail_of_a_request_has_a_link_that_works_until_one_is_used(
    stores: Stores,
) -> None:
    account, _, _ = await registered(stores.accounts)
    link_id = await ask_reset(stores, account)
    first, second = await mint(stores, link_id), await mint(stores, link_id)
    assert first is not None
    assert second is not None
    assert await works(stores, first)
    assert await stores.links.reset_password(second, "hash-2", NOW) is not None
    assert not await works(stores, first)
    assert await mint(stores, link_id) is None


async def test_a_newer_link_ends_older_ones_when_it_is_mailed(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    first = await reset_token(stores, account)
    unsent = await ask_reset(stores, account, NOW + SECOND)
    newest = await ask_reset(stores, account, NOW + 2 * SECOND)
    assert await works(stores, first)
    assert await mint(stores, newest, NOW + 2 * SECOND) is not None
    assert not await works(stores, first)
    assert await mint(stores, unsent, NOW + 3 * SECOND) is None


async def test_a_token_is_good_for_its_purpose_and_its_time(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    token = await reset_token(stores, account)
    assert await works(stores, token, NOW + RESET_LIFE - SECOND)
    assert not await works(stores, token, NOW + RESET_LIFE)
    assert await stores.links.reset_password(token, "hash-2", NOW + RESET_LIFE) is None
    assert not await stores.links.verify_email(token, NOW)
    assert await stores.links.account_of(token, EMAIL_VERIFICATION, NOW) is None
    assert await stores.links.account_of(new_token().hash, PASSWORD_RESET, NOW) is None


async def test_a_mail_that_comes_late_has_a_link_with_its_whole_life(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    link_id = await ask_reset(stores, account)
    late = NOW + MAILED_WITHIN - SECOND
    token = await mint(stores, link_id, late)
    assert token is not None
    assert await works(stores, token, late + RESET_LIFE - SECOND)
    assert await mint(stores, link_id, NOW + MAILED_WITHIN) is None


async def test_an_account_gets_few_mails_an_hour_however_many_are_asked_for_at_once(
    stores: Stores,
) -> None:
    account, _, _ = await registered(stores.accounts)
    asked = [await ask_reset(stores, account, NOW + n * SECOND) for n in range(8)]
    minted = await asyncio.gather(*(mint(stores, link_id) for link_id in asked))
    # Whichever is minted ends those before it, so that fewer may be left.
    assert 1 <= sum(token is not None for token in minted) <= MAX_MAILED
    for n in range(MAX_MAILED):
        await mint(stores, await ask_reset(stores, account, NOW + (10 + n) * SECOND))
    refused = await ask_reset(stores, account, NOW + 20 * SECOND)
    assert await mint(stores, refused) is None
    again = await ask_reset(stores, account, NOW + MAILED_PER + SECOND)
    assert await mint(stores, again, NOW + MAILED_PER + SECOND) is not None


async def test_what_was_not_mailed_ends_no_link(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    for n in range(MAX_MAILED):
        token = await reset_token(stores, account, NOW + n * SECOND)
    for n in range(MAX_MAILED, 10):
        assert await mint(stores, await ask_reset(stores, account, NOW + n * SECOND)) is None
    assert await works(stores, token)


async def test_nothing_is_mailed_to_an_address_that_nobody_has(stores: Stores) -> None:
    link = NewLink(new_id(), NOW)
    await stores.links.ask_reset(link, "nobody@soko.example")
    assert await mint(stores, link.id) is None
    assert await mint(stores, new_id()) is None


async def test_an_address_is_verified_once(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    link = NewLink(new_id(), NOW)
    await stores.links.ask_verification(link, account.id)
    token = await mint(stores, link.id)
    assert token is not None
    assert not await stores.links.verify_email(new_token().hash, NOW)
    assert await stores.links.reset_password(token, "hash-2", NOW) is None
    assert await stores.links.verify_email(token, NOW)
    assert not await stores.links.verify_email(token, NOW)
    now = await stores.accounts.find(account.id)
    assert now is not None
    assert now.email_verified
    again = NewLink(new_id(), NOW + SECOND)
    await stores.links.ask_verification(again, account.id)
    assert await mint(stores, again.id) is None


async def test_old_links_are_swept(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    token = await reset_token(stores, account)
    while await stores.links.sweep(NOW + KEPT_FOR - SECOND, 100):
        pass
    assert await works(stores, token)
    assert await stores.links.sweep(NOW + KEPT_FOR, 100) >= 1
    assert not await works(stores, token)


async def test_a_request_writes_the_same_whether_the_address_is_known_or_not(
    db: Database, postgres_stores: Stores
) -> None:
    account, _, _ = await registered(postgres_stores.accounts)
    written = []
    for address in (email_key(account.email), "nobody@soko.example"):
        link = NewLink(new_id(), NOW)
        await postgres_stores.links.ask_reset(link, address)
        written.append(
            await db.fetch_all(
                "SELECT purpose, requested_at, name, octet_length(payload) AS size"
                " FROM mailed_link, outbox WHERE mailed_link.id = %(id)s"
                " AND aggregate_id = %(aggregate)s",
                {"id": link.id, "aggregate": format_id("lnk", link.id)},
            )
        )
    assert len(written[0]) == 1
    assert written[0] == written[1]
