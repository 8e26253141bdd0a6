from chassis.migrations import check
from orders.__main__ import MIGRATIONS


def test_the_migrations_make_the_tables(orders_url: str) -> None:
    check(orders_url, MIGRATIONS, "orders")
