import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg.errors import InvalidSchemaName

from chassis import migrations
from devstack.testing import eventually
from libs.chassis.tests.integration.conftest import TREE

ENV = """
from alembic import context
from sqlalchemy import MetaData
from chassis.migrations import run_env
run_env(context, MetaData())
"""
TABLE = """
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.execute("CREATE TABLE note (id int, body text)")
    op.execute("ALTER TABLE note ADD CONSTRAINT positive CHECK (id > 0) NOT VALID")
"""
COLUMN = """
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.execute("ALTER TABLE note ADD COLUMN kind text")
"""
INDEX = """
from alembic import op
from chassis.migrations import create_index, validate_constraint
revision, down_revision = "0003", "0002"
def upgrade():
    create_index(op, "note_body", "note (body)", unique=True)
    validate_constraint(op, "note", "positive")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with one revision; tests add others."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(ENV)
    (tmp_path / "versions" / "0001.py").write_text(TABLE)
    return tmp_path


def revision_of(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


def test_installed_tables_are_the_registered_ones(migrated_url: str) -> None:
    migrations.check(migrated_url, TREE, "chassis")


async def test_many_migrate_at_once_and_one_does_it(make_database: Callable[[], str]) -> None:
    url = make_database()
    await asyncio.gather(
        *(asyncio.to_thread(migrations.upgrade, url, TREE, "chassis") for _ in range(4))
    )
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert rows == [("0001",)]


async def test_a_table_in_use_is_tried_again_and_nobody_waits_behind_it(
    make_database: Callable[[], str], tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    migrations.upgrade(url, tree, "notes")
    (tree / "versions" / "0002.py").write_text(COLUMN)
    tried_again = Event()
    monkeypatch.setattr(migrations.time, "sleep", lambda _: tried_again.set())
    with psycopg.connect(url) as reader:
        reader.execute("SELECT FROM note")
        migrating = asyncio.create_task(asyncio.to_thread(migrations.upgrade, url, tree, "notes"))
        await eventually(tried_again.is_set, timeout_s=30)
        assert revision_of(url) == "0001"
        with psycopg.connect(url) as other:
            other.execute("INSERT INTO note VALUES (1, '')")
        reader.rollback()
    await migrating
    assert revision_of(url) == "0002"


async def test_an_index_is_created_while_others_migrate_and_write(
    make_database: Callable[[], str], tree: Path
) -> None:
    url = make_database()
    migrations.upgrade(url, tree, "notes")
    (tree / "versions" / "0002.py").write_text(COLUMN)
    (tree / "versions" / "0003.py").write_text(INDEX)
    await asyncio.gather(
        *(asyncio.to_thread(migrations.upgrade, url, tree, "notes") for _ in range(4))
    )
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT indisvalid, convalidated FROM pg_index, pg_constraint"
            " WHERE indexrelid = 'note_body'::regclass AND conname = 'positive'"
        ).fetchall()
    assert found == [(True, True)]


def test_an_index_that_failed_half_way_is_replaced(
    make_database: Callable[[], str], tree: Path
) -> None:
    url = make_database()
    migrations.upgrade(url, tree, "notes")
    (tree / "versions" / "0002.py").write_text(COLUMN)
    (tree / "versions" / "0003.py").write_text(INDEX)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO note VALUES (1, 'twice'), (2, 'twice')")
        with pytest.raises(Exception, match="could not create unique index"):
            migrations.upgrade(url, tree, "notes")
        (valid,) = connection.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'note_body'::regclass"
        ).fetchone() or (None,)
        assert valid is False
        connection.execute("UPDATE note SET body = 'once' WHERE id = 2")
        migrations.upgrade(url, tree, "notes")
        (valid,) = connection.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'note_body'::regclass"
        ).fetchone() or (None,)
    assert valid is True
    assert revision_of(url) == "0003"


def test_an_error_that_time_does_not_mend_is_raised_at_once(
    make_database: Callable[[], str], tree: Path
) -> None:
    wrong = COLUMN.replace("ALTER TABLE note ADD COLUMN kind text", "CREATE TABLE no.such (a int)")
    (tree / "versions" / "0002.py").write_text(wrong)
    with pytest.raises(Exception, match="schema") as raised:
        migrations.upgrade(make_database(), tree, "notes")
    assert isinstance(raised.value.__cause__, InvalidSchemaName)
