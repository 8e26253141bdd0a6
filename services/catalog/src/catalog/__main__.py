"""Entry point: ``python -m catalog serve | migrate``."""

from __future__ import annotations

import sys
from pathlib import Path

from catalog.settings import Settings
from chassis.process import load_settings, run_service
from chassis.settings import MigrationSettings

MIGRATIONS = Path(__file__).with_name("migrations")


def main() -> None:
    """Serve, or bring the database to the newest revision."""
    match sys.argv[1:]:
        case ["serve"]:
            from catalog.bootstrap import build

            run_service("catalog", load_settings(Settings), build)
        case ["migrate"]:
            from chassis.migrations import upgrade

            upgrade(load_settings(MigrationSettings).database_url, MIGRATIONS, "catalog")
        case _:
            raise SystemExit("usage: python -m catalog serve | migrate")


if __name__ == "__main__":
    main()
