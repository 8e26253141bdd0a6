"""A database's password changes by a second role, as docs/operations.md says."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devstack.databases import database_name, database_url, prepare_databases
from devstack.home import ROOT, Home
from devstack.postgres import FORGETFUL, PostgresServer

SECOND = re.compile(r"```sql\n(CREATE ROLE .*?)```", re.DOTALL)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="soko-test-roles-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = PostgresServer(
            folder / "data", folder / "socket", password="superuser", settings=FORGETFUL
        )
        try:
            server.start()
            yield server
        finally:
            server.kill()


def test_a_second_role_acts_as_the_first_whose_password_is_taken_away(
    server: PostgresServer, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    prepare_databases(server, home)
    first, name = database_url(server, home, "orders"), database_name("orders")
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE before (n int)")
    (statements,) = SECOND.findall((ROOT / "docs" / "operations.md").read_text())
    assert name in statements
    server.run_sql(statements.replace("'...'", "'fresh'"))
    second = server.url(name, f"{name}_b", "fresh")
    with psycopg.connect(second) as connection:
        connection.execute("INSERT INTO before VALUES (1)")
        connection.execute("ALTER TABLE before ADD COLUMN m int")
        connection.execute("CREATE TABLE after (n int)")
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        )
        assert owners.fetchall() == [(name,)]
        server.run_sql(f"ALTER ROLE {name} PASSWORD NULL;")
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(first)
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT count(*) FROM before").fetchone() == (1,)
