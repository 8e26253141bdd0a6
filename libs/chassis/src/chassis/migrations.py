"""Alembic for a service's own tree of revisions, run by ``migrate`` and never by ``serve``.

A service's ``migrations/env.py`` is::

    from alembic import context
    from chassis.migrations import run_env
    from orders.adapters.tables import metadata

    run_env(context, metadata)

with ``chassis_tables(metadata)`` called in its ``tables.py``, and its first revision calls
``install_outbox(op)`` and the like.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from alembic import command
from alembic.config import Config
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    func,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from chassis import schema
from chassis.logs import get_logger

_REACH_TIMEOUT_S = 30.0
_TURN_POLL_S = 0.3
_LOCK_TIMEOUT = "1s"
"""A statement waits no longer for a table than this: everybody behind it in the queue waits too,
and most of them have three seconds."""
_STATEMENT_TIMEOUT = "60s"
"""How long a statement may hold what it locked; nothing of its revision stays when it is over."""
_TRIES = 60
"""How often a revision that did not get its locks is tried."""
_TRY_AGAIN_S = (1.0, 3.0)
_log = get_logger(__name__)


class Operations(Protocol):
    """The part of alembic's ``op`` that the install functions need."""

    def execute(self, sqltext: str, /) -> None:
        """Run one statement."""
        ...


def create_index(op: Any, name: str, on: str, *, unique: bool = False) -> None:
    """Create an index while everybody reads and writes: ``on`` is ``table (columns) WHERE ...``.

    For a table that was there before. What was done in the revision so far is committed, so this
    comes last in a revision or has one of its own. Tried again, it replaces what a try that ended
    half-way left.
    """
    with _unhurried(op):
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {name} ON {on}")


def validate_constraint(op: Any, table: str, name: str) -> None:
    """Look whether all rows keep to a constraint that was added ``NOT VALID``; nobody has to wait.

    What was done in the revision so far is committed first.
    """
    with _unhurried(op):
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


@contextmanager
def _unhurried(op: Any) -> Iterator[None]:
    """Take what keeps nobody waiting out of the transaction and of its limit of time."""
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        yield
        op.execute(f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'")
        op.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")


def install_outbox(op: Any) -> None:
    """Create the outbox, its counters, the relay's state and the function ``outbox_append``."""
    _install(op, schema.OUTBOX)


def install_inbox(op: Any) -> None:
    """Create the inbox and the dead letters."""
    _install(op, schema.INBOX)


def install_idempotency(op: Any) -> None:
    """Create the store of idempotent answers."""
    _install(op, schema.IDEMPOTENCY)


def install_audit_log(op: Any) -> None:
    """Create the audit log, what keeps its rows, and the function ``audit_log_append``."""
    _install(op, schema.AUDIT_LOG)


def _install(op: Operations, statements: Sequence[str]) -> None:
    for statement in statements:
        op.execute(statement)


def chassis_tables(
    metadata: MetaData,
    *,
    outbox: bool = True,
    inbox: bool = True,
    idempotency: bool = True,
    audit_log: bool = False,
) -> None:
    """Register the installed tables, so that ``alembic check`` knows them."""
    if outbox:
        _outbox_tables(metadata)
    if inbox:
        _inbox_tables(metadata)
    if audit_log:
        _audit_log_table(metadata)
    if idempotency:
        created_at = _now("created_at")
        Table(
            "idempotency_key",
            metadata,
            Column("scope", Text, primary_key=True),
            Column("key", Text, primary_key=True),
            Column("fingerprint", Text, nullable=False),
            Column("state", Text, nullable=False),
            Column("response", LargeBinary),
            Column("locked_until", DateTime(timezone=True)),
            created_at,
            Index("idempotency_key_created_at", created_at),
        )


def _audit_log_table(metadata: MetaData) -> None:
    key = Column("id", UUID(as_uuid=True), primary_key=True)
    actor, subject, act = (
        Column(name, Text, nullable=False) for name in ("actor", "subject", "act")
    )
    Table(
        "audit_log",
        metadata,
        key,
        Column("at", DateTime(timezone=True), nullable=False),
        act,
        Column("outcome", Text, nullable=False),
        actor,
        Column("session", Text, nullable=False),
        subject,
        Column("address", Text, nullable=False),
        Column("trace_id", Text, nullable=False),
        Column("detail", JSONB, nullable=False),
        Index("audit_log_actor", actor, key),
        Index("audit_log_subject", subject, key),
        Index("audit_log_act", act, key),
    )


def _now(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _outbox_tables(metadata: MetaData) -> None:
    occurred_at = Column("occurred_at", DateTime(timezone=True), nullable=False)
    published_at = Column("published_at", DateTime(timezone=True))
    Table(
        "outbox",
        metadata,
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("aggregate_id", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("name", Text, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("traceparent", Text, nullable=False),
        occurred_at,
        Column("claimed_until", DateTime(timezone=True)),
        published_at,
        UniqueConstraint("aggregate_id", "sequence", name="outbox_aggregate_id_sequence_key"),
        Index("outbox_unpublished", occurred_at, postgresql_where=published_at.is_(None)),
    )
    Table(
        "outbox_sequence",
        metadata,
        Column("aggregate_id", Text, primary_key=True),
        Column("last", BigInteger, nullable=False),
    )
    Table(
        "relay_state",
        metadata,
        Column("stream", Text, primary_key=True),
        Column("created", Text, nullable=False),
    )


def _inbox_tables(metadata: MetaData) -> None:
    Table(
        "inbox",
        metadata,
        Column("event_id", UUID(as_uuid=True), primary_key=True),
        _now("received_at"),
    )
    Table(
        "dead_letter",
        metadata,
        Column("event_id", UUID(as_uuid=True), primary_key=True),
        Column("context", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("aggregate_id", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("traceparent", Text, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("error", Text, nullable=False),
        Column("deliveries", Integer, nullable=False),
        _now("failed_at"),
        Column("redriven_at", DateTime(timezone=True)),
    )


def upgrade(url: str, script_location: Path, service: str) -> None:
    """Bring a database to the newest revision; any number of callers at once do it once.

    Waits up to 30 s for the database to answer. A revision that finds a table in use lets those
    pass who wait behind it and is tried again. Raises sqlalchemy's OperationalError in the end.
    """
    with _locked_connection(url, service) as connection:
        for left in reversed(range(_TRIES)):
            _limit_times(connection)
            try:
                command.upgrade(_config(script_location, connection), "head")
            except OperationalError as error:
                if not left or not isinstance(error.orig, (LockNotAvailable, DeadlockDetected)):
                    raise
                connection.rollback()
                _log.info("table_in_use", tries_left=left, error=str(error.orig))
                time.sleep(random.uniform(*_TRY_AGAIN_S))  # noqa: S311 - chance only
            else:
                return


def _limit_times(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'"))
    connection.commit()


def check(url: str, script_location: Path, service: str) -> None:
    """Compare a migrated database with the tables that ``env.py`` names.

    Raises alembic's AutogenerateDiffsDetected when they differ.
    """
    with _locked_connection(url, service) as connection:
        command.check(_config(script_location, connection))


def run_env(context: Any, metadata: MetaData) -> None:
    """Do the work of ``env.py``; outside of upgrade and check the url is SOKO_DATABASE_URL."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run_on(context, metadata, connection)
        return
    with _connection(os.environ["SOKO_DATABASE_URL"]) as own:
        _run_on(context, metadata, own)
        own.commit()


def _run_on(context: Any, metadata: MetaData, connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _config(script_location: Path, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    deadline = time.monotonic() + _REACH_TIMEOUT_S
    while True:
        try:
            connection = engine.connect()
            break
        except OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.3)
    with connection:
        yield connection


@contextmanager
def _locked_connection(url: str, service: str) -> Iterator[Connection]:
    """Hold a session-level advisory lock that belongs to the service's migrations."""
    key = int.from_bytes(hashlib.sha256(f"soko migrate {service}".encode()).digest()[:7], "big")
    with _connection(url) as connection:
        # Whoever waits inside a statement holds a snapshot, and an index that is created
        # concurrently waits for every older one: those who wait for their turn ask now and then.
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            connection.commit()
            time.sleep(_TURN_POLL_S)
        connection.commit()
        yield connection
        connection.commit()
