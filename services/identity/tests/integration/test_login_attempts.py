"""One suite for failed logins in memory and on PostgreSQL, and what only a database can show."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from chassis.database import Database
from identity.adapters.login_attempt_store import LoginAttemptStore
from identity.domain.login_backoff import ADDRESS, NAME, NAME_AT_ADDRESS, REMEMBERED, Claim
from services.identity.tests.attempt_fakes import MemoryLoginAttempts
from services.identity.tests.builders import NOW, make_email

SECOND = timedelta(seconds=1)
Attempts = MemoryLoginAttempts | LoginAttemptStore


@pytest.fixture(params=["memory", "postgres"])
def attempts(request: pytest.FixtureRequest) -> Attempts:
    if request.param == "memory":
        return MemoryLoginAttempts()
    return LoginAttemptStore(request.getfixturevalue("db"), b"x" * 32)


def claim(client: str = "") -> Claim:
    """A name that nobody tried, at an address that nobody tried from unless one is given."""
    return Claim(make_email(), client or make_email())


async def fail(attempts: Attempts, who: Claim, times: int, at=NOW) -> list[int]:
    return [await attempts.begin(who, at) for _ in range(times)]


async def test_a_few_failures_cost_nothing_and_then_each_doubles_the_wait(
    attempts: Attempts,
) -> None:
    who, now = claim(), NOW
    assert await fail(attempts, who, NAME_AT_ADDRESS.free + 1) == [0] * (NAME_AT_ADDRESS.free + 1)
    waits = []
    for _ in range(6):
        waits.append(await attempts.begin(who, now))
        now += waits[-1] * SECOND
        assert await attempts.begin(who, now) == 0
    assert waits == [1, 2, 4, 8, 16, 32]


async def test_clocks_of_processes_may_differ(attempts: Attempts) -> None:
    who = claim()
    for number in range(NAME_AT_ADDRESS.free):
        assert await attempts.begin(who, NOW - number * SECOND) == 0
    await attempts.withdraw(who, NOW + SECOND)
    assert await fail(attempts, who, 3) == [0, 0, 1]


async def test_a_wait_has_an_end(attempts: Attempts) -> None:
    who, now, waits = claim(), NOW, []
    for _ in range(60):
        waits.append(await attempts.begin(who, now))
        now += waits[-1] * SECOND
    assert max(waits) == NAME_AT_ADDRESS.longest_s


async def test_who_does_not_wait_is_not_looked_at_and_does_not_wait_longer(
    attempts: Attempts,
) -> None:
    who = claim()
    await fail(attempts, who, NAME_AT_ADDRESS.free + 1)
    assert await fail(attempts, who, 20, NOW + SECOND / 2) == [1] * 20
    assert await attempts.begin(who, NOW + SECOND) == 0


async def test_failures_are_forgotten_with_time(attempts: Attempts) -> None:
    who = claim()
    await fail(attempts, who, NAME_AT_ADDRESS.free)
    later = NOW + timedelta(seconds=NAME_AT_ADDRESS.forgets_s * 2)
    assert await fail(attempts, who, 4, later) == [0, 0, 0, 1]


async def test_a_success_forgets_the_names_failures_at_its_address(attempts: Attempts) -> None:
    who = claim()
    await fail(attempts, who, NAME_AT_ADDRESS.free)
    await attempts.succeed(who, NOW)
    assert await fail(attempts, who, NAME_AT_ADDRESS.free + 2) == [0] * (
        NAME_AT_ADDRESS.free + 1
    ) + [1]


async def test_an_attempt_that_nobody_looked_at_is_taken_back(attempts: Attempts) -> None:
    who = claim()
    for _ in range(30):
        assert await attempts.begin(who, NOW) == 0
        await attempts.withdraw(who, NOW)


async def test_many_names_from_one_address_wait(attempts: Attempts) -> None:
    here = make_email()
    tried = [await attempts.begin(claim(here), NOW) for _ in range(ADDRESS.free + 5)]
    assert tried == [0] * (ADDRESS.free + 1) + [1] * 4
    assert await attempts.begin(claim(), NOW) == 0


async def test_one_name_from_everywhere_waits_but_not_where_its_owner_is_known(
    attempts: Attempts,
) -> None:
    name = make_email()
    home = Claim(name, make_email())
    assert await attempts.begin(home, NOW) == 0
    await attempts.succeed(home, NOW)
    for _ in range(NAME.free + 1):
        assert await attempts.begin(Claim(name, make_email()), NOW) == 0
    assert await attempts.begin(Claim(name, make_email()), NOW) == 1
    assert await attempts.begin(home, NOW) == 0
    later = NOW + REMEMBERED
    for _ in range(NAME.free + 2):
        await attempts.begin(Claim(name, make_email()), later)
    assert await attempts.begin(home, later) > 0


async def test_successes_of_ones_own_do_not_pay_for_failures_with_others_names(
    attempts: Attempts,
) -> None:
    here = make_email()
    own = Claim(make_email(), here)
    await attempts.begin(own, NOW)
    await attempts.succeed(own, NOW)
    waits = []
    for _ in range(ADDRESS.free + 5):
        waits.append(await attempts.begin(claim(here), NOW))
        assert await attempts.begin(own, NOW) == 0
        await attempts.succeed(own, NOW)
    assert waits[-4:] == [1] * 4


async def test_without_an_address_names_are_still_counted(attempts: Attempts) -> None:
    who = Claim(make_email(), "")
    assert await fail(attempts, who, NAME_AT_ADDRESS.free + 2) == [0] * (
        NAME_AT_ADDRESS.free + 1
    ) + [1]


async def test_attempts_at_once_do_not_pass_together(db: Database) -> None:
    store, who = LoginAttemptStore(db, b"x" * 32), claim()
    tried = await asyncio.gather(*(store.begin(who, NOW) for _ in range(40)))
    assert tried.count(0) == NAME_AT_ADDRESS.free + 1
    later = NOW + 2 * SECOND
    tried = await asyncio.gather(*(store.begin(who, later) for _ in range(40)))
    assert tried.count(0) == 1


async def test_attempts_of_all_kinds_at_once_do_not_wait_for_each_other_for_ever(
    db: Database,
) -> None:
    store = LoginAttemptStore(db, b"x" * 32)
    names, places = [make_email() for _ in range(3)], [make_email() for _ in range(3)]

    async def one(number: int) -> None:
        who = Claim(names[number % 3], places[number // 3 % 3])
        await store.begin(who, NOW)
        await (store.succeed if number % 2 else store.withdraw)(who, NOW)

    await asyncio.gather(*(one(number) for number in range(200)))


async def test_what_is_of_no_more_use_is_swept_and_nothing_tells_who_it_was(db: Database) -> None:
    store, who = LoginAttemptStore(db, b"x" * 32), claim()
    long_ago = NOW - timedelta(days=400)
    await store.begin(who, long_ago)
    await store.succeed(who, long_ago)
    rows = await db.fetch_all("SELECT key FROM login_attempt UNION SELECT key FROM known_login", {})
    assert all(len(row["key"]) == 16 for row in rows)
    assert await store.sweep(NOW - timedelta(days=300), 1000) == 4
    assert await store.sweep(NOW - timedelta(days=300), 1000) == 0
