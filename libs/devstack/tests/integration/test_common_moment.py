"""One moment of several databases, while people write to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pytest

from devstack.backup.moment import Moment, common_moment

WRITERS = 4
MOMENTS = 25


@pytest.fixture
def urls(make_database: Callable[[], str]) -> Mapping[str, str]:
    found = {"first": make_database(), "second": make_database()}
    for url in found.values():
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE counter (writer int PRIMARY KEY, n int NOT NULL)")
            connection.execute(
                "INSERT INTO counter SELECT w, 0 FROM generate_series(1, %s) w", [WRITERS]
            )
    return found


@contextmanager
def counting(urls: Mapping[str, str]) -> Iterator[None]:
    """Count on in the first database and then in the second, as one service calls another."""
    enough = threading.Event()

    def count(writer: int) -> None:
        connections = [psycopg.connect(url, autocommit=True) for url in urls.values()]
        while not enough.is_set():
            for connection in connections:
                connection.execute("UPDATE counter SET n = n + 1 WHERE writer = %s", [writer])
        for connection in connections:
            connection.close()

    threads = [threading.Thread(target=count, args=[each]) for each in range(1, WRITERS + 1)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def counters(url: str, snapshot: str) -> dict[int, int]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        return dict(connection.execute("SELECT writer, n FROM counter").fetchall())


def seen(urls: Mapping[str, str], moment: Moment) -> list[tuple[int, int]]:
    first, second = (counters(url, moment.snapshots[name]) for name, url in urls.items())
    return [(first[writer], second[writer]) for writer in first]


def test_no_database_shows_what_another_does_not_know_yet(urls: Mapping[str, str]) -> None:
    with counting(urls):
        for _ in range(MOMENTS):
            with common_moment(urls) as moment:
                pairs = seen(urls, moment)
            assert all(first - second in {0, 1} for first, second in pairs), pairs
    assert all(first > MOMENTS for first, _ in pairs)
    assert moment.rows["first"] == {"public.counter": WRITERS}


def test_a_moment_waits_for_a_transaction_that_goes_on(urls: Mapping[str, str]) -> None:
    with psycopg.connect(urls["second"]) as writer:
        writer.execute("UPDATE counter SET n = 7")
        end = threading.Timer(1.5, writer.commit)
        end.start()
        with common_moment(urls) as moment:
            assert {second for _, second in seen(urls, moment)} == {7}
        end.join()
