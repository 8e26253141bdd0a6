"""``soko certs``, ``nats-users``, ``compose-secrets``, ``k8s-secrets``: secrets of deployments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def certs(
    folder: Path,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long they are good.")] = 90,
) -> None:
    """Write certificates for all processes, for rehearsals over TCP; again, to renew them."""
    from datetime import timedelta

    from devstack.certificates import issue_all

    for made in issue_all(folder, timedelta(days=days)):
        print(f"{made}: SOKO_TLS_CERT={made}/cert.pem SOKO_TLS_KEY={made}/key.pem")
    print(f"{folder}: SOKO_TLS_CA={folder}/ca.pem; who holds ca.key there can pretend to be anyone")


def nats_users(
    folder: Path,
    second: Annotated[
        bool, typer.Option("--second", help="Two users for each process, to change passwords.")
    ] = False,
) -> None:
    """Write users.conf for a nats-server of your own, and the users' passwords."""
    from devstack.nats_users import write_authorization

    path = write_authorization(folder, second=second)
    print(f'{path}: include it in nats.conf with: include "users.conf"')
    print(f"The passwords are {folder}/nats-USER, for SOKO_NATS_URL=nats://USER:PASSWORD@HOST:4222")


def compose_secrets(
    folder: Annotated[Path, typer.Argument(help="Where docker-compose.yml looks.")] = Path(
        "secrets"
    ),
    days: Annotated[
        int, typer.Option(min=1, max=3650, help="How long the certificates are good.")
    ] = 365,
) -> None:
    """Write the secrets of docker-compose.yml; again, to renew its certificates."""
    from datetime import timedelta

    from devstack.compose_secrets import write_compose_secrets

    write_compose_secrets(folder, timedelta(days=days))
    print(f"{folder} holds all secrets; keep it, and let nobody else read it")


def k8s_secrets(
    folder: Path,
    overlay: Annotated[str, typer.Option(help="local, or production.")] = "local",
) -> None:
    """Write the Secrets of an overlay of k8s/, as far as they can be made up; again, the same."""
    from devstack.kubernetes_secrets import OVERLAYS, write_secrets

    if overlay not in OVERLAYS:
        raise typer.BadParameter(f"there are {' and '.join(OVERLAYS)}", param_hint="--overlay")
    path = write_secrets(folder, overlay)
    print(f"{path}: kubectl apply -f {path}")
    print(f"{folder} holds all of them in plain text: keep it as you keep the backups, or nowhere.")
