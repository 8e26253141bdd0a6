"""One service's PostgreSQL database: pooled, prepared, autocommit, never a hang.

Statements are hand-written SQL with named parameters (``%(name)s``; a literal per cent sign is
``%%``). Rows are dicts, ``json`` and ``jsonb`` go through orjson, a dict given as a parameter is
sent as ``jsonb``, a list as an array.
"""

from __future__ import annotations

import asyncio
import logging
import select
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import orjson
import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.adapt import AdaptersMap, PyFormat
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from chassis.errors import ServiceError, unavailable
from chassis.telemetry import statement_span

Row = dict[str, Any]
Params = Mapping[str, Any] | Sequence[Any] | None
_Result = TypeVar("_Result")

_ACQUIRE_TIMEOUT_S = 3.0
_CONNECT_TIMEOUT_S = 3
_RECONNECT_TIMEOUT_S = 3.0
"""The pool's own retries back off up to this; a short one keeps the recovery short, because the
next request starts the attempts again."""
_IDLE_S = 10.0
"""Every so often one connection that nobody needed is closed: PostgreSQL keeps 15 MiB for each."""
_ANSWER_GRACE_S = 1.0
"""How long after the server's own statement timeout we stop to believe in an answer."""
_PREPARED_MAX = 500
_CONTENTION_TRIES = 3
# Its warnings repeat each attempt to connect; callers and health checks tell that the database is
# away.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class Statements(Protocol):
    """What a repository needs: a Database (each statement commits) or a Session (a transaction)."""

    async def fetch_all(self, sql: str, params: Params = None) -> list[Row]:
        """Return all rows."""
        ...

    async def fetch_one(self, sql: str, params: Params = None) -> Row | None:
        """Return the first row, or None."""
        ...

    async def execute(self, sql: str, params: Params = None) -> int:
        """Return the number of rows that the statement touched."""
        ...


class PoolUsage(NamedTuple):
    """How a database's connections are used at this moment."""

    open: int
    most: int
    """How many there may be."""
    in_use: int
    waiting: int
    """Who waits for one."""
    timeouts: int
    """How often one was waited for in vain, since the start."""


class _Connection(psycopg.AsyncConnection[Row]):
    """A connection that gives up on a server which does not answer at all.

    The server's ``statement_timeout`` does not help against a frozen server or a cut network.
    """

    answer_timeout_s: float | None = None

    async def wait(
        self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None
    ) -> _Result:
        """Wait for an answer, but not for ever; without one, close the connection."""
        limit = timeout or self.answer_timeout_s
        started = time.monotonic()
        try:
            return await super().wait(gen, interval, limit)
        except errors.OperationalError:
            active = self.pgconn.transaction_status == TransactionStatus.ACTIVE
            if active and limit is not None and time.monotonic() - started >= limit:
                self.pgconn.finish()
            raise


class _Adaptation:
    """How Python's types travel: psycopg's ways, but JSON with orjson and a dict as ``jsonb``."""

    connection = None

    def __init__(self) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        set_json_dumps(orjson.dumps, self)
        set_json_loads(orjson.loads, self)
        self.adapters.register_dumper(dict, self.adapters.get_dumper(Jsonb, PyFormat.TEXT))


_LOST = (
    errors.InterfaceError,
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.TooManyConnections,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
)
_CONTENTION = (errors.DeadlockDetected, errors.SerializationFailure)


def _translated(error: psycopg.Error) -> ServiceError | None:
    """Return what a failure of the database (not of the statement) means to a caller."""
    if isinstance(error, errors.QueryCanceled):
        return ServiceError(
            "timeout",
            "database_timeout",
            "The database did not answer in time.",
            extra={"service": "database", "retry_after_s": 1},
        )
    # A lost connection has no SQLSTATE: libpq made the error, not the server.
    if (
        isinstance(error, _LOST)
        or _is_stale(error)
        or (isinstance(error, errors.OperationalError) and error.sqlstate is None)
    ):
        return unavailable("database")
    return None


def _is_stale(error: psycopg.Error) -> bool:
    """Tell whether a migration changed what a prepared statement returns (``SELECT *``)."""
    return error.diag.source_function == "RevalidateCachedQuery"


async def _execute(
    connection: psycopg.AsyncConnection[Row], sql: str, params: Params
) -> psycopg.AsyncCursor[Row]:
    """Run a statement outside of transactions, prepared anew if it has to be."""
    try:
        return await connection.execute(cast(Any, sql), params)
    except errors.FeatureNotSupported as error:
        if not _is_stale(error):
            raise
        await connection.execute("DEALLOCATE ALL", prepare=False)
        return await connection.execute(cast(Any, sql), params)


class Session:
    """One transaction; see Database.transaction."""

    __slots__ = ("_connection",)

    def __init__(self, connection: psycopg.AsyncConnection[Row]) -> None:
        self._connection = connection

    async def fetch_all(self, sql: str, params: Params = None) -> list[Row]:
        """Return all rows."""
        with statement_span(sql):
            return await (await self._connection.execute(cast(Any, sql), params)).fetchall()

    async def fetch_one(self, sql: str, params: Params = None) -> Row | None:
        """Return the first row, or None."""
        with statement_span(sql):
            return await (await self._connection.execute(cast(Any, sql), params)).fetchone()

    async def execute(self, sql: str, params: Params = None) -> int:
        """Return the number of rows that the statement touched."""
        with statement_span(sql):
            return (await self._connection.execute(cast(Any, sql), params)).rowcount

    async def execute_many(self, sql: str, params: Sequence[Params]) -> int:
        """Run one statement for many sets of parameters, pipelined; return the rows touched."""
        async with self._connection.cursor() as cursor:
            await cursor.executemany(cast(Any, sql), cast(Any, params))
            return cursor.rowcount


class Database:
    """A pool of connections in autocommit mode: each statement is a transaction of its own.

    Raises ServiceError ``unavailable`` when the database is away or all connections stay busy, and
    ``timeout`` when a statement runs longer than ``statement_timeout_ms``. Errors of a statement
    itself, such as ``psycopg.errors.UniqueViolation``, pass through. A statement outside of a
    transaction is tried again when PostgreSQL chose it as a deadlock's victim.

    ``plan_once`` keeps one plan per statement, whatever its parameters are. PostgreSQL otherwise
    plans statements with arrays or limits again each time, which can cost more than running them.
    It is for statements that have one good plan; a parameter then matches no partial index.
    """

    def __init__(
        self,
        url: str,
        *,
        min_size: int = 1,
        max_size: int = 8,
        statement_timeout_ms: int = 5000,
        acquire_timeout_s: float = _ACQUIRE_TIMEOUT_S,
        name: str = "soko",
        plan_once: bool = False,
    ) -> None:
        self._answer_timeout_s = statement_timeout_ms / 1000 + _ANSWER_GRACE_S
        self._acquire_timeout_s = acquire_timeout_s
        self._max_size = max_size
        self._in_use = 0
        self._timeouts = 0
        self._waiting: deque[asyncio.Future[_Connection | None]] = deque()
        plans = "force_generic_plan" if plan_once else "auto"
        self._pool: AsyncConnectionPool[_Connection] = AsyncConnectionPool(
            url,
            connection_class=_Connection,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "prepare_threshold": 0,
                "context": _Adaptation(),
                "connect_timeout": _CONNECT_TIMEOUT_S,
                "application_name": name,
                "options": f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC -c jit=off"
                f" -c idle_in_transaction_session_timeout={4 * statement_timeout_ms}"
                f" -c plan_cache_mode={plans}",
                "keepalives_idle": 10,
                "keepalives_interval": 3,
                "keepalives_count": 3,
                "tcp_user_timeout": 10_000,
            },
            min_size=min_size,
            max_size=max_size,
            open=False,
            configure=self._configure,
            timeout=acquire_timeout_s,
            max_idle=_IDLE_S,
            reconnect_timeout=_RECONNECT_TIMEOUT_S,
            num_workers=2,
        )

    async def _configure(self, connection: _Connection) -> None:
        connection.prepared_max = _PREPARED_MAX
        connection.answer_timeout_s = self._answer_timeout_s

    @property
    def usage(self) -> PoolUsage:
        """How the connections are used; may be asked of any thread."""
        return PoolUsage(
            self._pool.get_stats().get("pool_size", 0),
            self._max_size,
            self._in_use,
            sum(not each.done() for each in tuple(self._waiting)),
            self._timeouts,
        )

    async def open(self) -> None:
        """Start the pool; connections come in the background."""
        await self._pool.open()

    async def close(self) -> None:
        """Close all connections; those in use close when they come back."""
        await self._pool.close()

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises ServiceError ``unavailable``."""
        await self.execute("SELECT 1")

    async def fetch_all(self, sql: str, params: Params = None) -> list[Row]:
        """Return all rows."""
        return (await self._run(sql, params))[0]

    async def fetch_one(self, sql: str, params: Params = None) -> Row | None:
        """Return the first row, or None."""
        rows = (await self._run(sql, params))[0]
        return rows[0] if rows else None

    async def execute(self, sql: str, params: Params = None) -> int:
        """Return the number of rows that the statement touched."""
        return (await self._run(sql, params))[1]

    @asynccontextmanager
    async def transaction(
        self, *, statement_timeout_ms: int | None = None
    ) -> AsyncIterator[Session]:
        """Open one transaction: committed at the end, rolled back on an exception.

        ``statement_timeout_ms`` allows its statements another time than the database's own. A
        connection lost during COMMIT raises ``unavailable`` although the effect may stand.
        """
        connection = await self._acquire()
        try:
            async with connection.transaction():
                if statement_timeout_ms is not None:
                    await _allow(connection, statement_timeout_ms)
                yield Session(connection)
        except psycopg.Error as error:
            translated = _translated(error)
            if translated is None:
                raise
            raise translated from error
        finally:
            connection.answer_timeout_s = self._answer_timeout_s
            await self._release(connection)

    async def _run(self, sql: str, params: Params) -> tuple[list[Row], int]:
        for attempt in range(1, _CONTENTION_TRIES + 1):
            connection = await self._acquire()
            try:
                with statement_span(sql):
                    cursor = await _execute(connection, sql, params)
                    rows = await cursor.fetchall() if cursor.description is not None else []
                return rows, cursor.rowcount
            except psycopg.Error as error:
                if isinstance(error, _CONTENTION) and attempt < _CONTENTION_TRIES:
                    continue
                translated = _translated(error)
                if translated is None:
                    raise
                raise translated from error
            finally:
                await self._release(connection)
        raise AssertionError("unreachable")

    async def _acquire(self) -> _Connection:
        """Return a connection; when all are busy, the next that is given back.

        Handing a connection on costs a fraction of the pool's own way, and it was alive just now.
        """
        if self._in_use < self._max_size:
            self._in_use += 1
        else:
            waiting: asyncio.Future[_Connection | None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            try:
                async with asyncio.timeout(self._acquire_timeout_s):
                    handed = await waiting
            except (TimeoutError, asyncio.CancelledError) as error:
                if waiting.done() and not waiting.cancelled():
                    await self._release(waiting.result())
                if isinstance(error, TimeoutError):
                    self._timeouts += 1
                    raise unavailable("database") from None
                raise
            if handed is not None:
                return handed
        try:
            return await self._connection()
        except BaseException:
            self._leave()
            raise

    async def _release(self, connection: _Connection | None) -> None:
        """Give a connection to who waits, or back to the pool; None stands for one that broke."""
        if connection is not None:
            idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
            if idle and self._hand_on(connection):
                return
            await self._pool.putconn(connection)
        self._leave()

    def _leave(self) -> None:
        """Give up a place: who waits takes it and asks the pool."""
        if not self._hand_on(None):
            self._in_use -= 1

    def _hand_on(self, connection: _Connection | None) -> bool:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(connection)
                return True
        return False

    async def _connection(self) -> _Connection:
        """Return a connection of the pool that was alive a moment ago.

        A socket that is readable while nothing was asked holds the server's farewell (or a notice):
        such a connection is tested first. Others cost one system call instead of a round trip.
        """
        deadline = time.monotonic() + self._acquire_timeout_s
        while True:
            try:
                connection = await self._pool.getconn(deadline - time.monotonic())
            except psycopg.Error as error:
                raise unavailable("database") from error
            poll = select.poll()
            try:
                poll.register(connection.pgconn.socket, select.POLLIN)
                if not poll.poll(0):
                    return connection
                await self._pool.check_connection(connection)
            except psycopg.Error:
                await self._pool.putconn(connection)
            except BaseException:
                await self._pool.putconn(connection)
                raise
            else:
                return connection


async def _allow(connection: _Connection, statement_timeout_ms: int) -> None:
    await connection.execute(cast(Any, f"SET LOCAL statement_timeout = {statement_timeout_ms}"))
    connection.answer_timeout_s = statement_timeout_ms / 1000 + _ANSWER_GRACE_S
