"""``python -m identity keys``: for whoever operates the machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.clock import Clock
from chassis.database import Database
from chassis.errors import ServiceError
from identity.app.ports import KeyMaker, SigningKeys
from identity.app.retire_signing_key import RetireSigningKey, RetireSigningKeyHandler
from identity.app.rotate_signing_key import RotateSigningKey, RotateSigningKeyHandler
from identity.domain.errors import IdentityError
from identity.domain.signing_key import DEFAULT_LEAD, SigningKey, state_of

_COMPROMISED = """\
somebody else may hold the present keys: let the new one sign at once, and refuse every token that
was signed before; clients refresh theirs"""


@dataclass(frozen=True, slots=True)
class SigningKeyCommands:
    """The use cases behind the command, and what they work on."""

    db: Database
    keys: SigningKeys
    maker: KeyMaker
    rotate: RotateSigningKeyHandler
    retire: RetireSigningKeyHandler
    clock: Clock


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for; ends the process with the usage otherwise."""
    parser = argparse.ArgumentParser(
        prog="keys", description="The keys that sign access tokens. Rotating refuses no token."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show every key and where it stands")
    rotate = commands.add_parser(
        "rotate", help="publish a new key, which signs after a while; the old one retires by itself"
    )
    rotate.add_argument(
        "--lead",
        type=_seconds,
        default=DEFAULT_LEAD,
        metavar="SECONDS",
        help="how long it is published before it signs (600; 10 at least)",
    )
    rotate.add_argument("--compromised", action="store_true", help=_COMPROMISED)
    retire = commands.add_parser("retire", help="refuse a former key's tokens before its time")
    retire.add_argument("key")
    retire.add_argument("--force", action="store_true", help="although tokens of it may be alive")
    return parser.parse_args(arguments)


async def run(commands: SigningKeyCommands, chosen: argparse.Namespace) -> str:
    """Do what was chosen and return what there is to say.

    Raises SystemExit with a sentence for what is refused, or when the database is away.
    """
    await commands.db.open()
    try:
        match chosen.command:
            case "rotate":
                key = await commands.rotate.handle(
                    RotateSigningKey(chosen.lead, chosen.compromised)
                )
                said = f"{key.id} is published and signs from {_moment(key.signs_from)} on.\n\n"
            case "retire":
                key = await commands.retire.handle(RetireSigningKey(chosen.key, chosen.force))
                said = f"{key.id} is retired.\n\n"
            case _:
                said = ""
        return said + await _listed(commands)
    except (IdentityError, ServiceError) as error:
        raise SystemExit(str(error)) from None
    finally:
        await commands.db.close()


async def _listed(commands: SigningKeyCommands) -> str:
    now = commands.clock.now()
    keys = await commands.keys.all() or [commands.maker.of_settings(now)]
    lines = [_line("KEY", "STATE", "SIGNS FROM", "RETIRES AT")]
    lines += [_describe(key, keys, now) for key in keys]
    return "\n".join(lines)


def _describe(key: SigningKey, keys: Sequence[SigningKey], now: datetime) -> str:
    # When the key of the settings began to sign is not known.
    signs_from = _moment(key.signs_from) if key.sealed_seed is not None else "(settings)"
    return _line(key.id, state_of(key, keys, now), signs_from, _moment(key.retires_at))


def _line(*cells: str) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, (43, 9, 20, 0), strict=True))


def _moment(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "-"


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=float(text))
