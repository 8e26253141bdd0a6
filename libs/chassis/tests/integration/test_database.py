import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from chassis.database import Database
from chassis.errors import ServiceError
from devstack.postgres import FORGETFUL, PostgresServer
from devstack.testing import eventually


@pytest.fixture
async def small(migrated_url: str) -> AsyncIterator[Database]:
    database = Database(migrated_url, max_size=2, statement_timeout_ms=500, acquire_timeout_s=1.0)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    folder = Path(tempfile.mkdtemp(prefix="soko-own-pg-"))
    folder.chmod(0o711)
    server = PostgresServer(folder / "data", folder / "s", settings=FORGETFUL)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


async def test_values_keep_their_types(db: Database) -> None:
    row = await db.fetch_one(
        "SELECT %(j)s::jsonb AS j, %(u)s::uuid AS u, %(b)s::bytea AS b, %(a)s::text[] AS a,"
        " now() AS t, 5 %% 3 AS r",
        {"j": {"a": [1, "é"]}, "u": UUID(int=7), "b": b"\x00\xff", "a": ["x", "y"]},
    )
    assert row is not None
    assert (row["j"], row["u"], row["b"]) == ({"a": [1, "é"]}, UUID(int=7), b"\x00\xff")
    assert (row["a"], row["r"]) == (["x", "y"], 2)
    assert row["t"].utcoffset().total_seconds() == 0


async def test_a_transaction_is_all_or_nothing(db: Database) -> None:
    await db.execute("CREATE TABLE IF NOT EXISTS kept (n int PRIMARY KEY)")

    async def half() -> None:
        async with db.transaction() as session:
            await session.execute("INSERT INTO kept VALUES (1)")
            raise LookupError

    with pytest.raises(LookupError):
        await half()
    assert await db.fetch_all("SELECT n FROM kept") == []
    async with db.transaction() as session:
        assert await session.execute_many("INSERT INTO kept VALUES (%s)", [(1,), (2,)]) == 2
    with pytest.raises(psycopg.errors.UniqueViolation) as violated:
        await db.execute("INSERT INTO kept VALUES (1)")
    assert violated.value.diag.constraint_name == "kept_pkey"


async def test_statements_at_the_same_time_share_the_pool(db: Database) -> None:
    rows = await asyncio.gather(
        *(db.fetch_one("SELECT %(n)s::int AS n", {"n": n}) for n in range(200))
    )
    assert [row["n"] for row in rows if row is not None] == list(range(200))


async def test_a_slow_statement_times_out(small: Database) -> None:
    with pytest.raises(ServiceError) as slow:
        await small.execute("SELECT pg_sleep(30)")
    assert (slow.value.kind, slow.value.extra["service"]) == ("timeout", "database")
    await small.ping()


async def test_an_exhausted_pool_is_unavailable_soon(small: Database) -> None:
    hold = asyncio.Event()
    occupied = asyncio.Barrier(3)

    async def occupy() -> None:
        async with small.transaction():
            await occupied.wait()
            await hold.wait()

    tasks = [asyncio.create_task(occupy()) for _ in range(2)]
    await occupied.wait()
    with pytest.raises(ServiceError) as busy:
        await small.ping()
    assert busy.value.kind == "unavailable"
    hold.set()
    await asyncio.gather(*tasks)
    await small.ping()


async def test_a_connection_is_handed_on_whatever_became_of_its_user(small: Database) -> None:
    async def one() -> object:
        return await small.fetch_one("SELECT 1 AS one")

    async def broken() -> None:
        await small.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    for _ in range(3):
        fates = [asyncio.create_task(each()) for each in (one, broken) * 4]
        leaver = asyncio.create_task(one())
        await asyncio.sleep(0)
        leaver.cancel()
        results = await asyncio.gather(*fates, leaver, return_exceptions=True)
        assert results[:8:2] == [{"one": 1}] * 4
        assert all(isinstance(each, ServiceError) for each in results[1:8:2])
        assert isinstance(results[8], asyncio.CancelledError)
    holders = asyncio.Barrier(3)

    async def hold() -> None:
        async with small.transaction():
            await holders.wait()

    both = [asyncio.create_task(hold()) for _ in range(2)]
    await holders.wait()
    await asyncio.gather(*both)


async def test_a_cancelled_statement_leaves_a_usable_pool(small: Database) -> None:
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await small.execute("SELECT pg_sleep(0.4)")
    assert await small.fetch_one("SELECT 1 AS one") == {"one": 1}


async def test_terminated_connections_are_not_noticed_by_the_next_statement(db: Database) -> None:
    await asyncio.gather(*(db.execute("SELECT pg_sleep(0.05)") for _ in range(4)))
    async with db.transaction() as session:
        await session.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for _ in range(10):
        await asyncio.gather(*(db.ping() for _ in range(4)))


async def test_a_connection_lost_in_a_statement_is_unavailable(db: Database) -> None:
    with pytest.raises(ServiceError) as lost:
        await db.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert lost.value.kind == "unavailable"
    await db.ping()


async def test_the_victim_of_a_deadlock_is_tried_again(db: Database) -> None:
    await db.execute("CREATE TABLE IF NOT EXISTS lock (n int PRIMARY KEY, hits int NOT NULL)")
    await db.execute("INSERT INTO lock VALUES (1, 0), (2, 0)")
    statement = (
        "WITH a AS (UPDATE lock SET hits = hits + 1 WHERE n = {0} RETURNING n, pg_sleep(0.1)),"
        " b AS (SELECT count(*) FROM a)"
        " UPDATE lock SET hits = hits + 1 FROM b WHERE lock.n = {1}"
    )
    await asyncio.gather(db.execute(statement.format(1, 2)), db.execute(statement.format(2, 1)))
    assert await db.fetch_all("SELECT hits FROM lock ORDER BY n") == [{"hits": 2}, {"hits": 2}]


async def test_the_pool_recovers_from_a_restarted_server(own_postgres: PostgresServer) -> None:
    database = Database(own_postgres.url("postgres"), acquire_timeout_s=0.5)
    await database.open()
    await asyncio.gather(*(database.execute("SELECT pg_sleep(0.05)") for _ in range(4)))
    own_postgres.kill()
    for _ in range(5):
        started = time.monotonic()
        with pytest.raises(ServiceError) as away:
            await database.ping()
        assert away.value.kind == "unavailable"
        assert time.monotonic() - started < 1
    own_postgres.start()

    async def back() -> bool:
        try:
            await database.ping()
        except ServiceError:
            return False
        return True

    await eventually(back, timeout_s=5)
    await asyncio.gather(*(database.execute("SELECT pg_sleep(0.05)") for _ in range(8)))
    await database.close()


async def test_a_frozen_server_does_not_hang_us(own_postgres: PostgresServer) -> None:
    database = Database(
        own_postgres.url("postgres"), max_size=1, statement_timeout_ms=200, acquire_timeout_s=2
    )
    await database.open()
    (pid,) = (await database.fetch_one("SELECT pg_backend_pid() AS pid") or {}).values()
    os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(ServiceError) as frozen:
            await database.ping()
        assert frozen.value.kind == "unavailable"
        assert time.monotonic() - started < 3
    finally:
        os.kill(pid, signal.SIGCONT)
    await database.ping()
    await database.close()


async def test_a_migration_that_adds_a_column_breaks_no_prepared_statement(
    db: Database, migrated_url: str
) -> None:
    await db.execute("CREATE TABLE widened (n int)")
    await db.execute("INSERT INTO widened VALUES (1)")
    every = "SELECT * FROM widened"
    await asyncio.gather(*(db.fetch_all(every) for _ in range(8)))

    def widen(column: str) -> None:
        with psycopg.connect(migrated_url, autocommit=True) as other:
            other.execute(f"ALTER TABLE widened ADD COLUMN {column} int DEFAULT 2".encode())

    await asyncio.to_thread(widen, "m")
    assert await asyncio.gather(*(db.fetch_one(every) for _ in range(8))) == [{"n": 1, "m": 2}] * 8
    await asyncio.to_thread(widen, "o")
    with pytest.raises(ServiceError) as raised:
        async with db.transaction() as session:
            await session.fetch_one(every)
    assert raised.value.kind == "unavailable"
