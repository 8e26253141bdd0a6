"""One database and one role per service, and whether its migrations still have to run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from devstack.generated_secrets import secret
from devstack.home import ROOT, Home
from devstack.postgres import PostgresServer

SERVICES = ("identity", "catalog", "orders", "payments", "notifications")
_EXTENSIONS = {"catalog": ("vector",)}
"""Only the superuser may create them."""


def database_url(server: PostgresServer, home: Home, service: str) -> str:
    """Return the address that a service gets: its own database under its own role."""
    name = database_name(service)
    return server.url(name, name, secret(home.secrets, f"database-{service}"))


def prepare_databases(server: PostgresServer, home: Home) -> list[str]:
    """Make what is missing; return the services whose migrations have to run.

    A database remembers in its comment which migrations it has had: so the memory goes wherever
    the data goes, and a wiped or replaced data folder is migrated again.
    """
    known = _comments(server)
    missing = [service for service in SERVICES if database_name(service) not in known]
    if missing:
        _create(server, home, missing)
    return [
        service for service in SERVICES if known.get(database_name(service)) != fingerprint(service)
    ]


def mark_migrated(server: PostgresServer, services: Sequence[str]) -> None:
    """Remember that the migrations of these services have run as they stand now."""
    server.run_sql(
        "\n".join(
            f"COMMENT ON DATABASE {database_name(service)} IS '{fingerprint(service)}';"
            for service in services
        )
    )


def analyze(server: PostgresServer) -> None:
    """Let PostgreSQL look at what is there now, as after every bulk load.

    Statements that were planned for empty tables are planned anew.
    """
    server.run_sql(
        "".join(f"\\connect {database_name(service)}\nANALYZE;\n" for service in SERVICES)
    )


def fingerprint(service: str, root: Path = ROOT) -> str:
    """Return a hash of all that a service's ``migrate`` may run."""
    package = root / "services" / service / "src" / service
    chassis = root / "libs/chassis/src/chassis"
    files = [
        *sorted(package.glob("migrations/**/*.py")),
        *sorted(package.glob("migrations/**/*.sql")),
        *sorted(package.glob("*.py")),
        chassis / "migrations.py",
        chassis / "schema.py",
    ]
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return f"migrated {digest.hexdigest()[:32]}"


def database_name(service: str) -> str:
    """Return the name of a service's database, which is its role's too."""
    return f"soko_{service}"


def _comments(server: PostgresServer) -> dict[str, str]:
    rows = server.run_sql(
        "SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '')"
        r" FROM pg_database WHERE datname LIKE 'soko\_%';"
    )
    return dict(line.split("|", 1) for line in rows.splitlines())


def _create(server: PostgresServer, home: Home, services: Sequence[str]) -> None:
    server.run_sql(creation_script(home.secrets, services))


def creation_script(secrets: Path, services: Sequence[str] = SERVICES) -> str:
    """Return what psql makes databases and roles with, as superuser in the database postgres.

    The roles' passwords are files of the folder ``secrets``, made when they are missing.
    """
    script = []
    for service in services:
        name = database_name(service)
        password = secret(secrets, f"database-{service}")
        script += [
            f"SELECT 'CREATE ROLE {name}' WHERE to_regrole('{name}') IS NULL \\gexec",
            f"ALTER ROLE {name} LOGIN PASSWORD '{password}';",
            f"CREATE DATABASE {name} OWNER {name};",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;",
        ]
        if service in _EXTENSIONS:
            script.append(f"\\connect {name}")
            script += [f"CREATE EXTENSION IF NOT EXISTS {e};" for e in _EXTENSIONS[service]]
            script.append("\\connect postgres")
    return "\n".join(script)
