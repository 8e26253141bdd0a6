"""``python -m identity serve | migrate | grant EMAIL ROLE | revoke EMAIL ROLE | keys ...``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chassis.process import load_settings, run_service
from chassis.settings import MigrationSettings
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

            upgrade(load_settings(MigrationSettings).database_url, MIGRATIONS, "identity")
        case ["grant" | "revoke" as change, email, role]:
            sys.stdout.write(asyncio.run(_change_roles(change, email, role)) + "\n")
        case ["keys", *rest]:
            sys.stdout.write(asyncio.run(_keys(rest)) + "\n")
        case _:
            raise SystemExit(
                "usage: python -m identity serve | migrate | grant EMAIL ROLE"
                " | revoke EMAIL ROLE | keys ..."
            )


async def _change_roles(change: str, email: str, role: str) -> str:
    from chassis.database import Database
    from identity.bootstrap import grant_role_handler, revoke_role_handler
    from identity.entrypoints.roles import grant, revoke

    _act_as_command_line()
    db = Database(load_settings(StoreSettings).database_url, max_size=1, name="identity-roles")
    if change == "grant":
        return await grant(db, grant_role_handler(db), email, role)
    return await revoke(db, revoke_role_handler(db), email, role)


async def _keys(arguments: list[str]) -> str:
    from chassis.database import Database
    from identity.bootstrap import signing_key_commands
    from identity.entrypoints.keys import parse, run

    chosen = parse(arguments)
    _act_as_command_line()
    settings = load_settings(IdentitySettings)
    db = Database(settings.database_url, max_size=1, name="identity-keys")
    return await run(signing_key_commands(db, settings), chosen)


def _act_as_command_line() -> None:
    """Let the audit log say that no account did it."""
    from chassis import context
    from chassis.actor import Actor
    from chassis.audit_log import COMMAND_LINE

    context.enter(context.RequestContext(actor=Actor("service", service=COMMAND_LINE)))


if __name__ == "__main__":
    main(sys.argv[1:])
