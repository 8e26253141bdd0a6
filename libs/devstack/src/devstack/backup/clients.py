"""PostgreSQL's own programs, run against the databases of any server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from devstack.databases import SERVICES, database_name
from devstack.postgres_binaries import binaries_for
from devstack.unprivileged import ordinary_user

_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}
_KEPT = ("PGPASSWORD", "PGPASSFILE", "PGSSLMODE", "PGSSLROOTCERT")
"""What a person may have set instead of writing it into an address."""


def urls_of(server: str) -> Mapping[str, str]:
    """Return the address of each service's database on a server, given by any database's."""
    return {name: make_conninfo(server, dbname=database_name(name)) for name in SERVICES}


def run_client(program: str, url: str, *arguments: str | Path) -> None:
    """Run a client program; raises RuntimeError with what it complained of.

    The address goes by its environment: everybody may read the arguments of a process.
    """
    given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value}
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {_VARIABLES[key]: value for key, value in given.items() if key in _VARIABLES}
    done = subprocess.run(
        [binaries_for(ordinary_user()) / program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **environment},
    )
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {done.stderr.strip()}")
