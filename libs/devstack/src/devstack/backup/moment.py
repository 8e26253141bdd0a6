"""One moment of several databases, though PostgreSQL's snapshots know a single one each.

Every table of every database is locked against writers, in all of them at once; while nobody writes
anywhere, each database exports a snapshot; then the locks are released and everybody goes on. No
service holds a transaction open across a call to another, so no lock waits for another database.
What the snapshots show is what a crash of everything at that moment would have left.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from devstack.backup import BackupError

_TRIES = 30
_PAUSE_S = 0.3
# Of two that wait for each other PostgreSQL ends the one that looks first: let that be us, and not
# a buyer's checkout. Autovacuum steps aside for whoever has looked.
_PATIENCE = "SET deadlock_timeout = '50ms'; SET lock_timeout = '1s'"
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1, 2
"""

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Moment:
    """What each database showed at a moment, for as long as its context lasts."""

    at: datetime
    snapshots: Mapping[str, str]
    """For ``pg_dump --snapshot``, by database."""
    rows: Mapping[str, Mapping[str, int]]
    """How many rows each table had, by database."""
    writers_waited_s: float


@contextmanager
def common_moment(urls: Mapping[str, str]) -> Iterator[Moment]:
    """Hold one moment of databases, given by a superuser's urls.

    Raises BackupError when somebody's transactions leave no such moment.
    """
    with ExitStack() as stack:
        readers = {
            name: stack.enter_context(psycopg.connect(url, autocommit=True))
            for name, url in urls.items()
        }
        lockers = {name: stack.enter_context(psycopg.connect(url)) for name, url in urls.items()}
        for reader in readers.values():
            reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        began = _lock(lockers)
        at = time.time()
        snapshots = {name: _export(reader) for name, reader in readers.items()}
        for locker in lockers.values():
            locker.rollback()
        waited_s = time.monotonic() - began
        rows = {name: count_rows(reader) for name, reader in readers.items()}
        yield Moment(datetime.fromtimestamp(at).astimezone(), snapshots, rows, waited_s)
        for reader in readers.values():
            reader.execute("ROLLBACK")


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {".".join(table): _count(connection, table) for table in _tables(connection)}


def _lock(lockers: Mapping[str, Connection]) -> float:
    """Keep writers out of all databases; return since when (monotonic)."""
    for locker in lockers.values():
        locker.execute(_PATIENCE)
        locker.commit()
    tables = {name: _tables(locker) for name, locker in lockers.items()}
    for _ in range(_TRIES):
        began = time.monotonic()
        try:
            for name, locker in lockers.items():
                names = sql.SQL(", ").join(sql.Identifier(*table) for table in tables[name])
                locker.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            for locker in lockers.values():
                locker.rollback()
            time.sleep(_PAUSE_S)
        else:
            return began
    raise BackupError("a transaction has been writing for too long: try again when it is done")


def _tables(connection: Connection) -> list[tuple[str, str]]:
    return [(str(schema), str(name)) for schema, name in connection.execute(_TABLES)]


def _export(reader: Connection) -> str:
    row = reader.execute("SELECT pg_export_snapshot()").fetchone()
    assert row is not None
    return str(row[0])


def _count(connection: Connection, table: tuple[str, str]) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(str(row[0]))
