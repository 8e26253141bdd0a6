"""What a service says of its own data to somebody who audits all of them.

A **check** is an invariant over one database: it looks at rows page by page and tells where the
invariant does not hold. **Facts** are what several services believe of the same thing, such as an
order: a text per UUID. Ranges of facts are compared by count and by the sum of a hash, so that only
ranges that differ have to be read.

Each call is one read-only transaction with one snapshot and a bounded page, so that no statement
runs long and no vacuum waits for an audit. A check sees its rows in one state, so that whatever
changes meanwhile cannot make it err.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from chassis.database import Database, Row, Session
from chassis.ids import format_id

Severity = Literal["critical", "warning"]

MOST_BREACHES = 200
"""So many breaches a page tells of; it counts the rest."""
_STATEMENT_TIMEOUT_MS = 25_000
_SPAN = re.compile(r"\{span ([a-z_.]+)\}")
_FIRST_UUID = UUID(int=0)
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Ranges have very different sizes: a plan for any of them is a bad one for most.
_PLANNING = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('work_mem', '16MB', true), set_config('max_parallel_workers_per_gather', '0', true)
"""
_ESTIMATE = "SELECT greatest(reltuples, 0)::bigint AS rows FROM pg_class WHERE oid = %s::regclass"


@dataclass(frozen=True, slots=True)
class Breach:
    """A place where an invariant does not hold."""

    key: str
    """To look at it again."""
    subject_id: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Page:
    """What some rows showed. ``last`` is empty when no rows were left."""

    checked: int
    last: str
    breaches: tuple[Breach, ...] = ()
    total_breaches: int = 0


@dataclass(frozen=True, slots=True)
class Where:
    """Which rows a call is about: those after one key, at most ``limit``, or these keys."""

    after: str = ""
    limit: int = 0
    keys: tuple[str, ...] = ()
    grace_s: float = 60.0


class Check(Protocol):
    """An invariant over one service's data."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def promise(self) -> str:
        """What holds, as a sentence."""
        ...

    @property
    def repair(self) -> str:
        """What to do where it does not hold."""
        ...

    @property
    def severity(self) -> Severity:
        """How bad a breach is."""
        ...

    async def estimated(self, db: Database) -> int:
        """Return about how many rows there are."""
        ...

    async def page(self, db: Database, where: Where) -> Page:
        """Look at some rows."""
        ...


@dataclass(frozen=True, slots=True)
class SqlCheck:
    """A check that is two statements: which rows a page has, and which of them are wrong.

    ``breaches`` selects ``key``, ``subject`` and ``explanation``; in it ``{span COLUMN}`` stands
    for the condition that the column's row belongs to the page, and ``%(grace)s`` for how many
    seconds work may be late. ``key`` is a column of ``table`` with an index: a UUID, or a text if
    ``key_type`` says so. A ``prefix`` makes TypeIDs of subjects that are UUIDs.
    """

    name: str
    promise: str
    repair: str
    table: str
    key: str
    breaches: str
    severity: Severity = "critical"
    key_type: Literal["uuid", "text"] = "uuid"
    prefix: str = ""
    rows: str = "true"
    """Which rows of the table the invariant is about."""

    async def estimated(self, db: Database) -> int:
        """Return about how many rows the table has."""
        return await estimate(db, self.table)

    async def page(self, db: Database, where: Where) -> Page:
        """Look at some rows."""
        first = str(_FIRST_UUID) if self.key_type == "uuid" else ""
        values: dict[str, Any] = {
            "after": where.after or first,
            "limit": where.limit,
            "keys": list(where.keys),
            "grace": where.grace_s,
            "most": MOST_BREACHES,
        }
        async with snapshot(db) as session:
            checked, last = len(where.keys), ""
            if not where.keys:
                end = await session.fetch_one(self._end(), values)
                if end is None:
                    return Page(0, "")
                checked, last = end["checked"], str(end["last"])
            values["until"] = last
            rows = await session.fetch_all(self._wrong(bool(where.keys)), values)
        return Page(checked, last, tuple(map(self._breach, rows)), rows[0]["total"] if rows else 0)

    def _end(self) -> str:
        return f"""
SELECT key AS last, number AS checked FROM (
    SELECT key, row_number() OVER (ORDER BY key) AS number FROM (
        SELECT {self.key} AS key FROM {self.table}
        WHERE {self.key} > %(after)s::{self.key_type} AND {self.rows}
        ORDER BY {self.key} LIMIT %(limit)s
    ) AS page
) AS numbered ORDER BY number DESC LIMIT 1
"""  # noqa: S608 - made of the check's own words

    def _wrong(self, by_keys: bool) -> str:
        found = span(self.breaches, self.key_type, by_keys)
        return f"SELECT *, count(*) OVER () AS total FROM ({found}) AS wrong LIMIT %(most)s"  # noqa: S608 - the check's own words

    def _breach(self, row: Row) -> Breach:
        subject = row["subject"]
        if self.prefix and isinstance(subject, UUID):
            subject = format_id(self.prefix, subject)
        return Breach(str(row["key"]), str(subject), row["explanation"])


@dataclass(frozen=True, slots=True)
class Digest:
    """Facts summed up."""

    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Fact:
    """What this service believes of one thing."""

    key: str
    words: str
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Range:
    """Keys after one up to another, or single ones; with ``names``, only events called so."""

    after: str = ""
    until: str = ""
    names: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """A set of facts in SQL.

    ``facts`` selects ``key`` (a UUID), ``words`` (a text, equal to what others say at quiet) and
    ``detail`` (a JSON object of texts); in it ``{span COLUMN}`` stands for the condition that the
    column's row belongs to the range, and ``%(names)s`` for the names of events. ``key`` is a
    column of ``table`` with an index.
    """

    name: str
    table: str
    key: str
    facts: str

    async def estimated(self, db: Database) -> int:
        """Return about how many there are."""
        return await estimate(db, self.table)

    async def boundary(self, db: Database, after: str, until: str, limit: int) -> str:
        """Return the key that ends a page of ``limit`` facts."""
        sql = (
            f"SELECT {self.key} AS key FROM {self.table}"  # noqa: S608 - made of the set's own words
            f" WHERE {self.key} > %(after)s::uuid AND {self.key} <= %(until)s::uuid"
            f" ORDER BY {self.key} OFFSET %(limit)s - 1 LIMIT 1"
        )
        values = {"after": after or str(_FIRST_UUID), "until": until, "limit": limit}
        async with snapshot(db) as session:
            row = await session.fetch_one(sql, values)
        return str(row["key"]) if row else until

    async def digest(self, db: Database, part: Range) -> Digest:
        """Sum a range up.

        The hash is the one of PostgreSQL's hash partitions, which never changes from one release to
        the next. Where two machines should disagree about it, facts are read in vain, and no more.
        """
        found = span(self.facts, "uuid", bool(part.keys))
        sql = (
            "SELECT count(*) AS count, coalesce(sum(hashtextextended("  # noqa: S608 - the check's own words
            f"words, uuid_hash_extended(key, 0))), 0)::text AS total FROM ({found}) AS facts"
        )
        async with snapshot(db) as session:
            row = await session.fetch_one(sql, _values(part))
        if row is None:
            raise AssertionError("an aggregate has a row")
        return Digest(row["count"], int(row["total"]))

    async def rows(self, db: Database, part: Range, limit: int) -> list[Fact]:
        """Return the facts of a range by ascending key."""
        found = span(self.facts, "uuid", bool(part.keys))
        sql = f"SELECT * FROM ({found}) AS facts ORDER BY key LIMIT %(limit)s"  # noqa: S608 - the check's own words
        async with snapshot(db) as session:
            rows = await session.fetch_all(sql, {**_values(part), "limit": limit})
        return [Fact(str(row["key"]), row["words"], _texts(row["detail"])) for row in rows]


@dataclass(frozen=True, slots=True)
class Audit:
    """All that a service can be asked about itself."""

    db: Database
    checks: Sequence[Check] = field(default_factory=tuple)
    facts: Sequence[Facts] = field(default_factory=tuple)


@asynccontextmanager
async def snapshot(db: Database) -> AsyncIterator[Session]:
    """Open a read-only transaction that sees one state of the database."""
    async with db.transaction(statement_timeout_ms=_STATEMENT_TIMEOUT_MS) as session:
        await session.execute(_SNAPSHOT)
        await session.execute(_PLANNING)
        yield session


def span(sql: str, key_type: str, by_keys: bool) -> str:
    """Return a statement with its ``{span COLUMN}`` written out; ``%s`` is left to format()."""
    sql = sql.replace("%s", "%%s")
    if by_keys:
        return _SPAN.sub(rf"\1 = ANY (%(keys)s::{key_type}[])", sql)
    return _SPAN.sub(rf"(\1 > %(after)s::{key_type} AND \1 <= %(until)s::{key_type})", sql)


def _values(part: Range) -> dict[str, Any]:
    return {
        "after": part.after or str(_FIRST_UUID),
        "until": part.until,
        "names": list(part.names),
        "keys": list(part.keys),
    }


def _texts(detail: Mapping[str, object]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in detail.items()}


async def estimate(db: Database, table: str) -> int:
    """Return about how many rows a table has."""
    row = await db.fetch_one(_ESTIMATE, (table,))
    return int(row["rows"]) if row else 0
