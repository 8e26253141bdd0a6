"""Entry point: ``python -m notifications serve | migrate``."""

from __future__ import annotations

import sys
from pathlib import Path

from chassis.process import load_settings, run_service
from chassis.settings import MigrationSettings
from notifications.settings import Settings

MIGRATIONS = Path(__file__).with_name("migrations")


def main() -> None:
    """Serve, or bring the database to the newest revision."""
    match sys.argv[1:]:
        case ["serve"]:
            from notifications.bootstrap import build

            run_service("notifications", load_settings(Settings), build)
        case ["migrate"]:
            from chassis.migrations import upgrade

            upgrade(load_settings(MigrationSettings).database_url, MIGRATIONS, "notifications")
        case _:
            raise SystemExit("usage: python -m notifications serve | migrate")


if __name__ == "__main__":
    main()
