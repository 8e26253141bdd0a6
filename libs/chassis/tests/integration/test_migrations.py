import asyncio
from collections.abc import Callable

import psycopg

from chassis import migrations
from libs.chassis.tests.integration.conftest import TREE


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
