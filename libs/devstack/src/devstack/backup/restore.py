"""``soko restore FOLDER``: make a stack of a backup, in a home that has none."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from devstack.backup import BackupError
from devstack.backup.clients import run_client, urls_of
from devstack.backup.manifest import Manifest, sync_folder, verify
from devstack.backup.moment import count_rows
from devstack.databases import SERVICES, database_name, prepare_databases
from devstack.display import Display, display
from devstack.home import ROOT, Home
from devstack.leftovers import clear_leftovers
from devstack.options import StackOptions, variables
from devstack.stack import Stack
from devstack.state import lock

# Inboxes forget events after 60 days, outboxes keep them for 30 and tell all of them again to the
# new broker. Of a backup that is older than the difference, an inbox would forget what it hears.
_REMEMBER = """
DO $$ BEGIN
    IF to_regclass('inbox') IS NOT NULL THEN UPDATE inbox SET received_at = now(); END IF;
END $$
"""


def restore(home: Home, folder: Path, *, replace: bool) -> int:
    """Restore a backup, say what was done; return the exit status."""
    try:
        with display() as screen:
            manifest = bring_back(home, folder.absolute(), screen, replace=replace)
    except (BackupError, RuntimeError, OSError, psycopg.Error) as error:
        print(f"Nothing was restored: {error}", file=sys.stderr)
        if home.unfinished_restore.exists():
            print(f"{home.folder} holds half of it; ./soko restore begins anew.", file=sys.stderr)
        return 1
    print(f"{home.folder} is what it was at {manifest.at}.")
    if not manifest.media:
        print("The pictures were not in the backup: SOKO_MEDIA_URL has to lead to them.")
    print("Start it with ./soko up --no-demo, then look: ./soko audit, ./soko reconcile")
    return 0


def restore_server(url: str, folder: Path) -> int:
    """Restore a backup's databases to a server that has them empty; return the exit status."""
    folder = folder.absolute()
    try:
        with display() as screen:
            manifest = _checked(folder, screen)
            urls = urls_of(url)
            for name, each in urls.items():
                with psycopg.connect(each) as connection:
                    if count_rows(connection):
                        raise BackupError(f"{database_name(name)} is not empty")
            _fill(urls, folder, manifest, screen)
    except (BackupError, RuntimeError, OSError, psycopg.Error) as error:
        print(f"The backup was not restored: {error}", file=sys.stderr)
        return 1
    print(f"The databases are what they were at {manifest.at}.")
    print("Delete JetStream's store before anything is started: it tells of a time that is gone.")
    return 0


def _checked(folder: Path, screen: Display) -> Manifest:
    """Return the manifest of a backup that is whole, and not of a newer version."""
    screen.phase("Comparing the backup with its checksums")
    manifest = verify(folder)
    _check_revisions(manifest.revisions)
    screen.done(f"{len(manifest.files)} files are whole")
    return manifest


def bring_back(home: Home, folder: Path, screen: Display, *, replace: bool) -> Manifest:
    """Make a home of a backup that is whole. Raises BackupError, RuntimeError, OSError.

    Until all of it is there a mark says so, and the stack does not start.
    """
    manifest = _checked(folder, screen)
    if "secrets/secret" not in manifest.files:
        raise BackupError(f"{folder} holds databases alone: restore it with --server")
    home.prepare()
    alone = lock(home)
    if alone is None:
        raise BackupError("Soko is running. Stop it with: ./soko down")
    with alone:
        clear_leftovers(home)
        if home.has_data and not home.unfinished_restore.exists() and not replace:
            raise BackupError(
                f"{home.folder} holds a stack already. Back it up, or say --replace to delete it"
            )
        home.unfinished_restore.write_text(f"{folder}\n")
        sync_folder(home.folder)
        home.wipe()
        home.prepare()
        _copy_files(home, folder, manifest)
        stack = Stack(home, StackOptions.of_environment({}, port=None, demo=False), variables(ROOT))
        stack.postgres.start(home.logs / "postgres.log")
        try:
            screen.phase("Making the databases")
            prepare_databases(stack.postgres, home)
            urls = {name: stack.postgres.url(database_name(name)) for name in SERVICES}
            _fill(urls, folder, manifest, screen)
        finally:
            stack.postgres.stop()
            home.clear_runtime()
        home.unfinished_restore.unlink()
        sync_folder(home.folder)
    return manifest


def _check_revisions(revisions: Mapping[str, str]) -> None:
    for service, revision in revisions.items():
        versions = ROOT / "services" / service / "src" / service / "migrations" / "versions"
        if not list(versions.glob(f"{revision}_*.py")):
            raise BackupError(
                f"the backup's {service} has migration {revision}, which this version does not"
                " know: restore it with the version that made it, or a newer one"
            )


def _copy_files(home: Home, folder: Path, manifest: Manifest) -> None:
    targets = {"secrets": home.secrets, "media": home.media}
    for name in manifest.files:
        top, _, rest = name.partition("/")
        if rest and top in targets:
            target = targets[top] / rest
        elif name == "sandbox.log":
            target = home.sandbox_log
        elif name == "demo-loaded":
            target = home.demo_marker
        else:
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(folder / name, target)
        if top == "secrets":
            target.chmod(0o600)
        with target.open("rb") as file:
            os.fsync(file.fileno())


def _fill(urls: Mapping[str, str], folder: Path, manifest: Manifest, screen: Display) -> None:
    for name, url in urls.items():
        began = time.monotonic()
        screen.phase(f"Restoring {name}")
        dump = folder / "databases" / f"{name}.dump"
        to = f"--dbname={conninfo_to_dict(url)['dbname']}"
        run_client("pg_restore", url, "--single-transaction", "--exit-on-error", to, dump)
        with psycopg.connect(url, autocommit=True) as connection:
            _compare(name, manifest.rows[name], count_rows(connection))
            connection.execute(_REMEMBER)
            connection.execute("ANALYZE")
        rows = sum(manifest.rows[name].values())
        screen.done(f"{name}: {rows} rows", time.monotonic() - began)


def _compare(name: str, expected: Mapping[str, int], found: Mapping[str, int]) -> None:
    for table in {*expected, *found}:
        wanted, here = expected.get(table), found.get(table)
        if wanted != here:
            raise BackupError(f"{name}'s {table} has {here} rows, and the backup has {wanted}")
