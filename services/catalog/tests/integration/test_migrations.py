"""The migrated database is the one that tables.py describes."""

from chassis.migrations import check
from services.catalog.tests.conftest import MIGRATIONS


def test_the_tables_are_those_that_the_code_names(catalog_url: str) -> None:
    check(catalog_url, MIGRATIONS, "catalog")
