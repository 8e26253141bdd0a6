"""The commands ``soko backup`` and ``soko restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devstack.home import Home


def backup(
    folder: Path,
    server: Annotated[
        str, typer.Option(help="A superuser's address: the databases of that server, no more.")
    ] = "",
) -> None:
    """Copy a running stack into a new folder, as it is at one moment."""
    from devstack.backup import take

    raise typer.Exit(
        take.backup_server(server, folder) if server else take.backup(Home.of_environment(), folder)
    )


def restore(
    folder: Path,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete the stack that is there.")
    ] = False,
    server: Annotated[
        str, typer.Option(help="A superuser's address: fill the empty databases of that server.")
    ] = "",
) -> None:
    """Make a stack of a backup, where there is none."""
    from devstack.backup import restore as bringing_back

    raise typer.Exit(
        bringing_back.restore_server(server, folder)
        if server
        else bringing_back.restore(Home.of_environment(), folder, replace=replace)
    )
