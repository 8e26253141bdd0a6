"""All databases of a cluster come back to one instant, as docs/operations.md says."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devstack.postgres import FORGETFUL, PostgresServer
from devstack.postgres_binaries import binaries_for
from devstack.unprivileged import ordinary_user

DATABASES = ("soko_orders", "soko_payments")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="soko-test-pitr-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        for each in ("archive", "base"):
            (folder / each).mkdir()
            ordinary_user().own(folder / each)
        yield folder


def mark(server: PostgresServer, number: int) -> None:
    """Leave a row in every database."""
    for database in DATABASES:
        with psycopg.connect(server.url(database)) as connection:
            connection.execute("INSERT INTO mark VALUES (%s)", (number,))


def marks(server: PostgresServer, database: str) -> list[int]:
    with psycopg.connect(server.url(database)) as connection:
        return [number for (number,) in connection.execute("SELECT * FROM mark ORDER BY 1")]


def base_backup(server: PostgresServer, target: Path) -> None:
    """Run pg_basebackup as the server's user."""
    user = ordinary_user()
    ids = user.ids or (None, None)
    subprocess.run(
        [
            binaries_for(user) / "pg_basebackup",
            f"--host={server.socket_folder}",
            "--username=postgres",
            f"--pgdata={target}",
            "--checkpoint=fast",
            "--no-sync",
        ],
        check=True,
        user=ids[0],
        group=ids[1],
        cwd="/",
    )


def test_a_base_backup_and_the_log_bring_back_any_instant(folder: Path) -> None:
    archiving = {
        **FORGETFUL,
        "wal_level": "replica",
        "max_wal_senders": "4",
        "archive_mode": "on",
        "archive_command": f"cp %p {folder}/archive/%f",
    }
    lost = PostgresServer(folder / "data", folder / "socket", settings=archiving)
    try:
        lost.start()
        for database in DATABASES:
            lost.run_sql(f"CREATE DATABASE {database};")
            with psycopg.connect(lost.url(database)) as connection:
                connection.execute("CREATE TABLE mark (number int)")
        mark(lost, 1)
        base_backup(lost, folder / "base")
        mark(lost, 2)
        instant = lost.run_sql("SELECT clock_timestamp();").strip()
        mark(lost, 3)
        lost.run_sql("SELECT pg_switch_wal();")
        lost.stop()
    finally:
        lost.kill()
    (folder / "base" / "recovery.signal").touch()
    recovering = {
        **archiving,
        "archive_mode": "off",
        "hot_standby": "off",  # lets nobody in before the instant is reached
        "restore_command": f"cp {folder}/archive/%f %p",
        "recovery_target_time": instant,
        "recovery_target_action": "promote",
    }
    found = PostgresServer(folder / "base", folder / "socket", settings=recovering)
    try:
        found.start()
        assert {database: marks(found, database) for database in DATABASES} == {
            database: [1, 2] for database in DATABASES
        }
    finally:
        found.kill()
