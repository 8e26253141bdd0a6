"""Sessions and passwords of one's own: one suite for memory and PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from chassis.database import Database
from chassis.ids import format_id
from identity.adapters.account_store import AccountStore
from identity.app.opaque_token import new_token
from identity.app.ports import ListedSession
from identity.domain.account import email_key
from identity.domain.device import Device
from identity.domain.session import REFRESH_TOKEN_LIFE, NewSession
from services.identity.tests.builders import NOW, make_session, registered
from services.identity.tests.conftest import Stores
from services.identity.tests.integration.test_events import events_of
from soko.events.v1 import identity_pb2 as events

LATER = NOW + timedelta(minutes=5)
SECOND = timedelta(seconds=1)


async def test_a_session_is_listed_with_who_got_its_newest_tokens(stores: Stores) -> None:
    account, caller, token = await registered(stores.accounts)
    [known] = await stores.sessions.page(account.id, None, 10, NOW)
    assert known == ListedSession(caller.session_id, NOW, NOW, Device())
    phone, successor = Device("Phone", "203.0.113.0/24"), new_token()
    assert await stores.sessions.rotate(token.hash, successor.hash, LATER, phone)
    [known] = await stores.sessions.page(account.id, None, 10, LATER)
    assert known == ListedSession(caller.session_id, NOW, LATER, phone)


async def test_open_sessions_are_listed_newest_first_and_page_by_page(stores: Stores) -> None:
    account, first, _ = await registered(stores.accounts)
    desk = Device("Desk", "2001:db8:1::/48")
    opened = [first.session_id]
    for _ in range(4):
        session = make_session(account, new_token())
        session = NewSession(session.id, account.id, session.token_hash, NOW, desk)
        assert await stores.sessions.open(session, NOW)
        opened.append(session.id)
    _, stranger, _ = await registered(stores.accounts)
    ended = opened.pop(2)
    assert await stores.sessions.revoke(account.id, ended, NOW, "revoked")
    opened.sort(reverse=True)
    page = await stores.sessions.page(account.id, None, 3, NOW)
    assert [each.id for each in page] == opened[:3]
    assert {each.device for each in page if each.id != first.session_id} == {desk}
    rest = await stores.sessions.page(account.id, page[-1].id, 3, NOW)
    assert [each.id for each in rest] == opened[3:]
    assert stranger.session_id not in opened


async def test_a_session_that_nobody_can_refresh_is_not_listed(stores: Stores) -> None:
    account, _, _ = await registered(stores.accounts)
    assert await stores.sessions.page(account.id, None, 10, NOW + REFRESH_TOKEN_LIFE - SECOND)
    assert not await stores.sessions.page(account.id, None, 10, NOW + REFRESH_TOKEN_LIFE)


async def test_a_new_password_ends_the_other_sessions(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    other = make_session(account, new_token())
    assert await stores.sessions.open(other, NOW)
    _, stranger, _ = await registered(stores.accounts)
    ended = await stores.accounts.change_password(
        account.id, caller.session_id, "hash-1", "hash-2", LATER
    )
    assert ended == [other.id]
    [left] = await stores.sessions.page(account.id, None, 10, LATER)
    assert left.id == caller.session_id
    assert await stores.sessions.page(stranger.account_id, None, 10, LATER)
    known = await stores.accounts.credentials_of(email_key(account.email))
    assert known is not None
    assert (known.password_hash, known.changed_at) == ("hash-2", LATER)


async def test_of_two_changes_at_once_one_succeeds(stores: Stores) -> None:
    account, caller, _ = await registered(stores.accounts)
    outcomes = await asyncio.gather(
        *(
            stores.accounts.change_password(
                account.id, caller.session_id, "hash-1", f"hash-{number}", LATER
            )
            for number in range(2, 6)
        )
    )
    assert sum(outcome is not None for outcome in outcomes) == 1


async def test_no_session_of_the_old_password_outlives_its_change(stores: Stores) -> None:
    """Logins that verified the old password race its change: each is refused, or ended."""
    account, caller, _ = await registered(stores.accounts)
    sessions = [make_session(account, new_token()) for _ in range(20)]
    await asyncio.gather(
        *(stores.sessions.open(session, NOW) for session in sessions[:10]),
        stores.accounts.change_password(account.id, caller.session_id, "hash-1", "hash-2", LATER),
        *(stores.sessions.open(session, NOW) for session in sessions[10:]),
    )
    left = await stores.sessions.page(account.id, None, 100, LATER)
    assert [each.id for each in left] == [caller.session_id]


async def test_a_change_of_the_password_waits_for_logins_under_way(
    db: Database, postgres_stores: Stores
) -> None:
    """The login holds the credential when it has inserted its session and not committed yet."""
    account, caller, _ = await registered(postgres_stores.accounts)
    session = make_session(account, new_token())
    async with db.transaction() as login:
        # The lock that opening a session takes.
        await login.execute(
            "SELECT FROM password_credential WHERE account_id = %(id)s FOR SHARE",
            {"id": account.id},
        )
        change = asyncio.create_task(
            postgres_stores.accounts.change_password(
                account.id, caller.session_id, "hash-1", "hash-2", LATER
            )
        )
        await login.execute(
            "INSERT INTO session (id, account_id, opened_at, expires_at)"
            " VALUES (%(id)s, %(account_id)s, %(now)s, %(expires_at)s)",
            {
                "id": session.id,
                "account_id": account.id,
                "now": NOW,
                "expires_at": session.expires_at,
            },
        )
    assert await change == [session.id]


async def test_a_change_of_the_password_is_told_once(db: Database, postgres_stores: Stores) -> None:
    times: list[None] = []
    accounts = AccountStore(db, lambda: times.append(None))
    account, caller, _ = await registered(postgres_stores.accounts)
    other = make_session(account, new_token())
    assert await postgres_stores.sessions.open(other, NOW)
    for _ in range(2):
        await accounts.change_password(account.id, caller.session_id, "hash-1", "hash-2", LATER)
    usr, ses = format_id("usr", account.id), format_id("ses", other.id)
    told = [event for event in await events_of(db, usr) if event[0] == "password_changed"]
    assert told == [("password_changed", events.PasswordChanged(account_id=usr))]
    assert await events_of(db, ses) == [
        ("session_revoked", events.SessionRevoked(session_id=ses, account_id=usr))
    ]
    assert len(times) == 1
