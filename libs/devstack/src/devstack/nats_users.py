"""Who may do what at the broker: one NATS user per process, with permissions on subjects.

NATS' client API for JetStream is subjects too (https://docs.nats.io/reference/reference-protocols/
nats_api_reference), so that they say who may do what to which stream and consumer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.generated_secrets import secret

OPERATOR = "operator"
"""May do everything: for chaos, audits, and whoever looks after the broker."""

SECOND = "-b"
"""What the name of a process's second user ends in: one is used while the other's password changes,
because a server that is told of a new password cuts off whoever came with the former one."""

_GATEWAYS_TALK = ("soko.gateway.catalog_changed", "soko.sessions.revoked")


@dataclass(frozen=True)
class BrokerUser:
    """What one process needs of the broker."""

    name: str
    tells: bool = False
    """Whether it has a stream of its own, named for it, and fills it."""
    consumes: tuple[str, ...] = ()
    """Contexts that it has a durable consumer of, named for it."""
    publishes: tuple[str, ...] = ()
    """Subjects beside those of its own events."""
    follows: tuple[str, ...] = ()
    """Subjects that it hears without JetStream."""

    def may_publish(self) -> Iterator[str]:
        """Give the subjects that it may publish to, requests to JetStream among them."""
        if self.tells:
            yield f"soko.{self.name}.>"
            own = _stream(self.name)
            yield from (f"$JS.API.STREAM.{verb}.{own}" for verb in ("INFO", "CREATE", "UPDATE"))
        for context in self.consumes:
            stream = _stream(context)
            yield f"$JS.API.STREAM.INFO.{stream}"
            yield from (
                f"$JS.API.CONSUMER.{verb}.{stream}.{self.name}"
                for verb in ("DURABLE.CREATE", "DELETE", "INFO", "MSG.NEXT")
            )
            yield f"$JS.ACK.{stream}.{self.name}.>"
        yield from self.publishes

    def may_subscribe(self) -> Iterator[str]:
        """Give the subjects that it may hear; answers come to an inbox that is its own."""
        yield f"_INBOX_{self.name}.>"
        yield from self.follows


USERS = (
    BrokerUser("identity", tells=True),
    BrokerUser("catalog", tells=True, consumes=("identity",)),
    BrokerUser(
        "orders", tells=True, consumes=("identity", "payments"), follows=("soko.catalog.*.v1",)
    ),
    BrokerUser("payments", tells=True, consumes=("orders",)),
    BrokerUser(
        "notifications",
        consumes=("identity", "orders", "payments"),
        publishes=("soko.realtime.*",),
    ),
    BrokerUser(
        "gateway",
        publishes=_GATEWAYS_TALK,
        follows=(*_GATEWAYS_TALK, "soko.catalog.*.v1", "soko.identity.*.v1", "soko.realtime.*"),
    ),
)


def passwords(folder: Path, *, second: bool = False) -> dict[str, str]:
    """Return every user's password; they are files of a folder, made when they are missing."""
    names = [OPERATOR, *(user.name for user in USERS)]
    if second:
        names += [f"{user.name}{SECOND}" for user in USERS]
    return {name: secret(folder, f"nats-{name}") for name in names}


def authorization(passwords: Mapping[str, str]) -> str:
    """Return the part of a nats-server's configuration that says who may do what.

    A process has a second user if there is a password for it.
    It holds the passwords: write it where the server alone can read it.
    """
    users: list[dict[str, object]] = [{"user": OPERATOR, "password": passwords[OPERATOR]}]
    users += [
        {
            "user": name,
            "password": passwords[name],
            "permissions": {
                "publish": list(user.may_publish()),
                "subscribe": list(user.may_subscribe()),
            },
        }
        for user in USERS
        for name in (user.name, f"{user.name}{SECOND}")
        if name in passwords
    ]
    return f"authorization {json.dumps({'users': users}, indent=2)}\n"


def write_authorization(folder: Path, *, second: bool = False) -> Path:
    """Write ``users.conf`` and the passwords into a folder; return the file's path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "users.conf"
    path.touch(mode=0o600)
    path.write_text(authorization(passwords(folder, second=second)))
    return path


def _stream(context: str) -> str:
    return f"SOKO_{context.upper()}"
