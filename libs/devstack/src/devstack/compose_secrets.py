"""Secrets of a Compose deployment: a folder for each container, with just what it may know.

Containers read their folder as users of their own, so the files in it are readable by all; that
nobody else on the host gets there is up to the folder of the folders, which only its owner enters.
Whole folders are mounted, not files, so that a renewed certificate is seen by who runs already.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from devstack.certificates import issue_all
from devstack.databases import SERVICES, database_name
from devstack.generated_secrets import key, secret
from devstack.nats_users import USERS, authorization, passwords
from devstack.replaced_file import replace_file

_FOLDER_MODE, _FILE_MODE = 0o755, 0o644


def write_compose_secrets(folder: Path, life: timedelta) -> None:
    """Write all secrets into a folder; again, to renew the certificates and nothing else.

    What was made up stays in ``kept``, the key of the authority is ``ca.key``; no container gets
    either. A mail server's address that was changed by hand stays, too.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    kept = folder / "kept"
    kept.mkdir(mode=0o700, exist_ok=True)
    for made in issue_all(folder, life, _FILE_MODE):
        made.chmod(_FOLDER_MODE)
    for container, files in files_of_containers(kept).items():
        home = folder / container
        home.mkdir(exist_ok=True)
        home.chmod(_FOLDER_MODE)
        for name, text in files.items():
            replace_file(home / name, f"{text}\n".encode(), _FILE_MODE)
    mail = folder / "notifications" / "smtp-url"
    if not mail.exists():
        replace_file(mail, b"smtp://mail:1025\n", _FILE_MODE)


def files_of_containers(kept: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the text of each file of each container; what is missing in ``kept`` is made up."""
    databases = {service: secret(kept, f"database-{service}") for service in SERVICES}
    nats = passwords(kept)
    files: dict[str, dict[str, str]] = {
        user.name: {
            "secret": secret(kept, "secret"),
            "nats-url": f"nats://{user.name}:{nats[user.name]}@nats:4222",
        }
        for user in USERS
    }
    for service, password in databases.items():
        name = database_name(service)
        url = f"postgresql://{name}:{password}@postgres:5432/{name}"
        files[service]["database-url"] = url
    files["identity"]["token-signing-key"] = key(kept, "token-signing-key")
    files["identity"]["encryption-keys"] = key(kept, "encryption-key")
    files["postgres"] = {"superuser": secret(kept, "database-superuser"), **databases}
    files["nats"] = {"users.conf": authorization(nats)}
    files["grafana"] = {"admin-password": secret(kept, "grafana-admin")}
    return files
