"""The Secrets that the overlays of ``k8s/`` refer to, as far as they can be made up.

What only the shop's owner knows (mail server, providers' keys, buckets) ``k8s/README.md`` names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from devstack.certificates import NAMES, issue_all
from devstack.databases import SERVICES, creation_script, database_name
from devstack.generated_secrets import key, secret
from devstack.nats_users import authorization, passwords
from devstack.replaced_file import replace_file

NAMESPACE = "soko"
_CERTIFICATE_LIFE = timedelta(days=365)
_SERVER_IS_KNOWN = "?sslmode=verify-full&sslrootcert=/run/secrets/postgres/ca.crt"

Data = dict[str, str]


def local(folder: Path) -> dict[str, Data]:
    """Return the Secrets of the overlay ``local`` by name, with certificates for a year."""
    made = _shared(folder, "")
    for process in issue_all(folder / "certificates", _CERTIFICATE_LIFE):
        made[f"soko-{process.name}-tls"] = {
            "tls.crt": (process / "cert.pem").read_text(),
            "tls.key": (process / "key.pem").read_text(),
            "ca.crt": (process / "ca.pem").read_text(),
        }
    made["postgres"] = {
        "password": secret(folder, "database-superuser"),
        "databases.sql": creation_script(folder),
    }
    made["smtp"] = {"smtp-url": "smtp://mail:1025"}
    return made


def production(folder: Path) -> dict[str, Data]:
    """Return the Secrets of the overlay ``production`` that can be made up, by name."""
    made = _shared(folder, _SERVER_IS_KNOWN)
    for service in SERVICES:
        made[f"postgres-{service}"] = {
            "username": database_name(service),
            "password": secret(folder, f"database-{service}"),
        }
    password = secret(folder, "valkey")
    made["valkey"] = {
        "valkey.conf": _valkey(password),
        "redis-url": f"redis://:{password}@valkey:6379/0",
    }
    return made


OVERLAYS: Mapping[str, Callable[[Path], dict[str, Data]]] = {
    "local": local,
    "production": production,
}


def write_secrets(folder: Path, overlay: str) -> Path:
    """Write an overlay's Secrets as a file for ``kubectl apply``; return its path.

    What they are made of stays in the folder: repeated, the command writes the same secrets again.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    items = [_object(name, data) for name, data in OVERLAYS[overlay](folder).items()]
    path = folder / "secrets.json"
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2)
    replace_file(path, text.encode(), 0o600)
    return path


def _shared(folder: Path, database_options: str) -> dict[str, Data]:
    broker = passwords(folder)
    made: dict[str, Data] = {
        # What former secrets signed is nothing yet: docs/operations.md tells how they are changed.
        "soko-shared": {"secret": secret(folder, "secret"), "accepted-secrets": ""},
        "nats-users": {"users.conf": authorization(broker)},
    }
    for process in NAMES:
        made[f"soko-{process}"] = {"nats-url": f"nats://{process}:{broker[process]}@nats:4222"}
    for service in SERVICES:
        role, password = database_name(service), secret(folder, f"database-{service}")
        made[f"soko-{service}"]["database-url"] = (
            f"postgresql://{role}:{password}@postgres-rw:5432/{role}{database_options}"
        )
    made["soko-identity"]["token-signing-key"] = key(folder, "token-signing-key")
    made["soko-identity"]["encryption-keys"] = key(folder, "encryption-key")
    return made


def _valkey(password: str) -> str:
    return "\n".join(
        [
            "port 6379",
            f"requirepass {password}",
            "dir /data",
            'save ""',
            "maxmemory 64mb",
            # Buckets end by themselves; the fullest memory must not refuse a new one.
            "maxmemory-policy volatile-ttl",
            "",
        ]
    )


def _object(name: str, data: Data) -> dict[str, object]:
    is_login = set(data) == {"username", "password"}
    # CloudNativePG takes a changed password up where it finds this label.
    labels = {"labels": {"cnpg.io/reload": "true"}} if is_login else {}
    kinds = {"tls.crt": "kubernetes.io/tls", "username": "kubernetes.io/basic-auth"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE, **labels},
        "type": next((kinds[part] for part in data if part in kinds), "Opaque"),
        "stringData": data,
    }
