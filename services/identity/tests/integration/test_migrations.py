from collections.abc import Callable

from chassis import migrations
from services.identity.tests.conftest import MIGRATIONS


def test_the_migrated_database_is_what_the_tables_say(make_database: Callable[[], str]) -> None:
    url = make_database()
    migrations.upgrade(url, MIGRATIONS, "identity")
    migrations.upgrade(url, MIGRATIONS, "identity")
    migrations.check(url, MIGRATIONS, "identity")
