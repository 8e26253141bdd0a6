"""``python -m payments serve | migrate``."""

from __future__ import annotations

import sys
from pathlib import Path

from chassis.process import load_settings, run_service
from chassis.settings import MigrationSettings
from payments.settings import PaymentsSettings

MIGRATIONS = Path(__file__).parent / "migrations"
_USAGE = "usage: python -m payments serve | migrate"


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM, or migrate the database and end."""
    if arguments == ["serve"]:
        from payments.bootstrap import build

        run_service("payments", load_settings(PaymentsSettings), build)
    elif arguments == ["migrate"]:
        from chassis.migrations import upgrade

        upgrade(load_settings(MigrationSettings).database_url, MIGRATIONS, "payments")
    else:
        raise SystemExit(_USAGE)


if __name__ == "__main__":
    main(sys.argv[1:])
