"""What identity tells through the outbox."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.clock import FixedClock
from chassis.database import Database
from chassis.ids import format_id
from identity.adapters.account_store import AccountStore
from identity.adapters.seller_store import SellerStore
from identity.adapters.session_store import SessionStore
from identity.app.opaque_token import new_token
from services.identity.tests.builders import NOW, make_seller, registered
from soko.events.v1 import identity_pb2 as events


class Told:
    """Counts how often the relay was told that there is something to publish."""

    times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def told() -> Told:
    return Told()


async def events_of(db: Database, aggregate_id: str) -> list[tuple[str, Any]]:
    rows = await db.fetch_all(
        "SELECT name, payload FROM outbox WHERE aggregate_id = %(id)s ORDER BY sequence",
        {"id": aggregate_id},
    )
    found = []
    for row in rows:
        name = "".join(part.title() for part in row["name"].split("_"))
        found.append((row["name"], getattr(events, name).FromString(row["payload"])))
    return found


async def test_an_account_tells_that_it_exists_and_what_it_may_do(db: Database, told: Told) -> None:
    accounts = AccountStore(db, told)
    account, _, _ = await registered(accounts)
    account_id = format_id("usr", account.id)
    await accounts.replace_roles(account.id, frozenset({"operator"}), NOW)
    await accounts.replace_roles(account.id, frozenset({"operator"}), NOW)
    assert await events_of(db, account_id) == [
        (
            "account_registered",
            events.AccountRegistered(account_id=account_id, locale="sw-KE"),
        ),
        ("role_granted", events.RoleGranted(account_id=account_id, roles=["buyer", "operator"])),
    ]
    assert told.times == 2


async def test_a_session_tells_once_that_it_ended(db: Database, told: Told) -> None:
    accounts, sessions = AccountStore(db, told), SessionStore(db, told)
    account, first, _ = await registered(accounts)
    _, second, token = await registered(accounts)
    for _ in range(2):
        await sessions.revoke(account.id, first.session_id, NOW)
    await sessions.rotate(token.hash, new_token().hash, NOW)
    for _ in range(2):
        await sessions.revoke_if_reused(token.hash, NOW)
    for caller in (first, second):
        session_id = format_id("ses", caller.session_id)
        [(name, message)] = await events_of(db, session_id)
        assert name == "session_revoked"
        assert message.session_id == session_id
        assert message.account_id == format_id("usr", caller.account_id)
    assert told.times == 4


async def test_a_seller_tells_its_state_and_its_members(db: Database, told: Told) -> None:
    accounts, sellers = AccountStore(db, told), SellerStore(db, FixedClock(NOW), told)
    owner, _, _ = await registered(accounts)
    member, _, _ = await registered(accounts)
    seller = make_seller()
    assert await sellers.open(seller, owner.id)
    assert not await sellers.open(seller, owner.id)
    await sellers.change(seller.id, "Duka Kuu", None, NOW)
    await sellers.change(seller.id, "Duka Kuu", None, NOW)
    for _ in range(2):
        async with sellers.roster(seller.id) as roster:
            roster.put(owner.id, member.id, "finance")
    async with sellers.roster(seller.id) as roster:
        roster.remove(owner.id, member.id)
    found = await events_of(db, format_id("sel", seller.id))
    assert [name for name, _ in found] == [
        "seller_opened",
        "seller_member_changed",
        "seller_updated",
        "seller_member_changed",
        "seller_member_changed",
    ]
    assert found[0][1].seller.slug == seller.slug
    assert found[2][1].seller.name == "Duka Kuu"
    roles = [message.role for name, message in found if name == "seller_member_changed"]
    assert roles == ["owner", "finance", ""]


async def test_no_event_carries_an_address_or_a_name_of_a_person(db: Database, told: Told) -> None:
    account, _, _ = await registered(AccountStore(db, told))
    rows = await db.fetch_all(
        "SELECT payload FROM outbox WHERE aggregate_id = %(id)s",
        {"id": format_id("usr", account.id)},
    )
    [row] = rows
    assert account.email.encode() not in row["payload"]
    assert account.name.encode() not in row["payload"]
