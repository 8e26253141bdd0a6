"""``python -m identity serve | migrate | grant EMAIL ROLE | keys ...``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chassis.process import load_settings, run_service
from identity.settings import IdentitySettings, StoreSettings

MIGRATIONS = Path(__file__).with_name("migrations")


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM, bring the database to the newest revision, or act as its operator."""
    match arguments:
        case ["serve"]:
            from identity.bootstrap import build

            run_service("identity", load_settings(IdentitySettings), build)
        case ["migrate"]:
            from chassis.migrations import upgrade

            upgrade(load_settings(StoreSettings).database_url, MIGRATIONS, "identity")
        case ["grant", email, role]:
            sys.stdout.write(asyncio.run(_grant(email, role)) + "\n")
        case ["keys", *rest]:
            sys.stdout.write(asyncio.run(_keys(rest)) + "\n")
        case _:
            raise SystemExit(
                "usage: python -m identity serve | migrate | grant EMAIL ROLE | keys ..."
            )


async def _grant(email: str, role: str) -> str:
    from chassis.database import Database
    from identity.bootstrap import grant_role_handler
    from identity.entrypoints.grant import grant

    db = Database(load_settings(StoreSettings).database_url, max_size=1, name="identity-grant")
    return await grant(db, grant_role_handler(db), email, role)


async def _keys(arguments: list[str]) -> str:
    from chassis.database import Database
    from identity.bootstrap import signing_key_commands
    from identity.entrypoints.keys import parse, run

    chosen = parse(arguments)
    settings = load_settings(IdentitySettings)
    db = Database(settings.database_url, max_size=1, name="identity-keys")
    return await run(signing_key_commands(db, settings), chosen)


if __name__ == "__main__":
    main(sys.argv[1:])
