"""``python -m orders serve | migrate``."""

from __future__ import annotations

import sys
from pathlib import Path

from chassis.process import load_settings, run_service
from chassis.settings import MigrationSettings
from orders.settings import OrdersSettings

MIGRATIONS = Path(__file__).parent / "migrations"
_USAGE = "usage: python -m orders serve | migrate"


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM, or migrate the database and end."""
    if arguments == ["serve"]:
        from orders.bootstrap import build

        run_service("orders", load_settings(OrdersSettings), build)
    elif arguments == ["migrate"]:
        from chassis.migrations import upgrade

        upgrade(load_settings(MigrationSettings).database_url, MIGRATIONS, "orders")
    else:
        raise SystemExit(_USAGE)


if __name__ == "__main__":
    main(sys.argv[1:])
