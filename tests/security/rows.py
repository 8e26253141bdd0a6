"""The databases of a stack, read past the services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from devstack.generated_secrets import secret
from devstack.home import Home
from devstack.postgres import PostgresServer
from devstack.testing import eventually
from tests.architecture.source_tree import SERVICES

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_DIGEST = """
SELECT count(*), md5(string_agg(row::text, '|' ORDER BY row::text))
FROM (SELECT to_jsonb(t) - 'last_used_at' AS row FROM {} AS t) AS rows
"""
"""When an API key was used last is told of refused calls, too."""
_QUIET_S = 60
_CALM_S = 1.5
"""Workers that have nothing to do look again after a second."""
Digests = dict[str, tuple[int, str]]


class Databases:
    """Every table of every service."""

    def __init__(self, home: Path) -> None:
        folder = Home(home)
        self._server = PostgresServer(
            home,
            folder.postgres_socket_folder,
            password=secret(folder.secrets, "database-superuser"),
        )

    def execute(self, service: str, statement: str, parameters: Mapping[str, object]) -> None:
        """Change a service's rows."""
        with psycopg.connect(self._server.url(f"soko_{service}")) as connection:
            connection.execute(statement, parameters)

    def tables(self) -> Iterator[tuple[str, psycopg.Cursor[tuple[object, ...]]]]:
        """Yield each table's name with a cursor on its database."""
        for service in SERVICES:
            with psycopg.connect(self._server.url(f"soko_{service}")) as connection:
                names = [str(row[0]) for row in connection.execute(_TABLES)]
                for name in names:
                    yield f"{service}.{name}", connection.cursor()

    def digests(self) -> Digests:
        """Return the number of rows and a digest of them, for each table."""
        found: Digests = {}
        for name, cursor in self.tables():
            table = sql.Identifier(name.partition(".")[2])
            row = cursor.execute(sql.SQL(_DIGEST).format(table)).fetchone()
            assert row is not None
            found[name] = (int(str(row[0])), str(row[1]))
        return found

    async def quiet(self) -> Digests:
        """Return the digests once nothing changes any more."""
        seen: Digests = {}
        since = time.monotonic()

        async def nothing_happens() -> bool:
            nonlocal seen, since
            found = await asyncio.to_thread(self.digests)
            if found != seen:
                seen, since = found, time.monotonic()
            return time.monotonic() - since > _CALM_S

        await eventually(nothing_happens, _QUIET_S)
        return seen
