"""There is always an admin, however many of them leave at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest

from chassis.clock import FixedClock
from chassis.database import Database
from chassis.ids import format_id
from chassis.migrations import upgrade
from identity.adapters.account_deletion import AccountDeletion
from identity.adapters.account_store import AccountStore
from identity.app.ports import Accounts
from identity.domain.errors import LastAdmin
from services.identity.tests.builders import NOW, registered
from services.identity.tests.conftest import MIGRATIONS, Stores


@pytest.fixture
async def own_database(make_database: Callable[[], str]) -> AsyncIterator[Accounts]:
    """Accounts that no other test made an admin among."""
    url = make_database()
    upgrade(url, MIGRATIONS, "identity")
    db = Database(url)
    await db.open()
    yield AccountStore(db, lambda: None)
    await db.close()


@pytest.fixture(params=["memory_stores", "own_database"])
def accounts(request: pytest.FixtureRequest, clock: FixedClock) -> Accounts:
    found: Stores | Accounts = request.getfixturevalue(request.param)
    return found.accounts if isinstance(found, Stores) else found


async def admins(accounts: Accounts, number: int) -> list[UUID]:
    made = [(await registered(accounts))[0].id for _ in range(number)]
    for account_id in made:
        await accounts.replace_roles(account_id, frozenset({"admin"}), NOW)
    return made


async def test_the_last_admin_stays_one(accounts: Accounts) -> None:
    first, second = await admins(accounts, 2)
    await accounts.replace_roles(first, frozenset({"operator"}), NOW)
    with pytest.raises(LastAdmin):
        await accounts.replace_roles(second, frozenset({"operator"}), NOW)
    found = await accounts.find(second)
    assert found is not None
    assert found.is_admin
    await accounts.replace_roles(second, frozenset({"admin", "operator"}), NOW)


async def test_of_all_admins_that_leave_at_once_one_stays(accounts: Accounts) -> None:
    made = await admins(accounts, 6)
    outcomes = await asyncio.gather(
        *(accounts.replace_roles(account_id, frozenset(), NOW) for account_id in made),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, LastAdmin) for outcome in outcomes) == 1


async def test_the_last_admin_is_not_forgotten_either(make_database: Callable[[], str]) -> None:
    url = make_database()
    upgrade(url, MIGRATIONS, "identity")
    db = Database(url)
    await db.open()
    accounts, deletion = AccountStore(db, lambda: None), AccountDeletion(db, lambda: None)
    first, second = await admins(accounts, 2)
    assert await deletion.delete(first, NOW) is not None
    with pytest.raises(LastAdmin):
        await deletion.delete(second, NOW)
    assert await accounts.find(second) is not None
    rows = await db.fetch_all(
        "SELECT act FROM audit_log WHERE subject = %(id)s ORDER BY at",
        {"id": format_id("usr", first)},
    )
    assert [row["act"] for row in rows][-2:] == ["sessions_ended", "account_deleted"]
    await db.close()
