"""PostgreSQL and NATS as the stack starts them."""

import asyncio
import socket
from collections.abc import Callable

import nats
import psycopg
import pytest

from devstack.nats import NatsServer
from devstack.postgres import PostgresServer
from devstack.testing import eventually


def test_a_made_database_is_empty_and_our_own(make_database: Callable[[], str]) -> None:
    first, second = make_database(), make_database()
    assert first != second
    with psycopg.connect(first) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
    assert row == (0,)


def test_the_database_brings_vectors(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE EXTENSION vector")
        row = connection.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone()
    assert row == (1.0,)


def test_sqlalchemy_reads_the_same_address(database_url: str) -> None:
    from sqlalchemy import create_engine, make_url, text

    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_a_killed_database_keeps_what_was_committed(
    postgres_server: PostgresServer, make_database: Callable[[], str]
) -> None:
    url = make_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    postgres_server.kill()
    postgres_server.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_the_database_has_no_network_address(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url("postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_the_database_logs_statements_without_their_values(
    postgres_server: PostgresServer, make_database: Callable[[], str]
) -> None:
    """Known bug: a key that was there already was logged with its value, an e-mail address."""
    planted = "planted@test.example"
    add = "INSERT INTO person VALUES (%s) RETURNING 'looked for'"
    with psycopg.connect(make_database(), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (email text PRIMARY KEY)")
        connection.execute("SET log_min_duration_statement = 0")
        connection.execute(add, [planted])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(add, [planted])
    log = (postgres_server.socket_folder.parent / "postgres.log").read_text()
    assert log.count("looked for") >= 2
    assert planted not in log


async def test_a_killed_broker_keeps_its_streams(nats_server: NatsServer) -> None:
    client = await nats.connect(nats_server.url)
    jetstream = client.jetstream()
    await jetstream.add_stream(name="KEPT", subjects=["kept.>"])
    await jetstream.publish("kept.one", b"1")
    await client.close()
    await asyncio.to_thread(nats_server.kill)
    await asyncio.to_thread(nats_server.start)
    client = await nats.connect(nats_server.url)
    assert (await client.jetstream().stream_info("KEPT")).state.messages == 1
    await client.jetstream().delete_stream("KEPT")
    await client.close()


async def test_the_broker_listens_on_this_machine_alone(nats_server: NatsServer) -> None:
    with socket.create_connection(("127.0.0.1", nats_server.port)) as client:
        assert client.recv(5) == b"INFO "
    with pytest.raises(OSError):
        socket.create_connection((socket.gethostname() + ".invalid", nats_server.port), 0.2)


async def test_eventually_returns_the_first_true_result() -> None:
    results = iter([0, None, 3])
    assert await eventually(lambda: next(results)) == 3


async def test_eventually_tells_what_it_saw_last() -> None:
    with pytest.raises(AssertionError, match="last result was 0"):
        await eventually(lambda: 0, timeout_s=0.05)
