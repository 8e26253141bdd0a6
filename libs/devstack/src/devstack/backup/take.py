"""``soko backup FOLDER``: a copy of all that a running stack cannot do without."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psycopg

from devstack.backup import BackupError
from devstack.backup.clients import run_client, urls_of
from devstack.backup.manifest import seal, sync_folder
from devstack.backup.moment import common_moment
from devstack.databases import SERVICES, database_name
from devstack.display import Display, display
from devstack.home import ROOT, Home
from devstack.running import running_stack
from devstack.stack import Stack


def backup(home: Home, folder: Path) -> int:
    """Back a running stack up into a new folder, say what was done; return the exit status."""
    stack = running_stack(home)
    if stack is None:
        return 1
    try:
        with display() as screen, _owners_alone():
            take(stack, folder.absolute(), screen)
    except (BackupError, RuntimeError, OSError, psycopg.Error) as error:
        print(f"No backup was made: {error}", file=sys.stderr)
        return 1
    print(
        f"{folder} holds the backup. It has every key, password hash and address of this stack:"
        " keep it as you keep your keys."
    )
    if (ROOT / ".env").exists():
        print(f"Your own settings are not in it: keep {ROOT / '.env'} too.")
    return 0


def backup_server(url: str, folder: Path) -> int:
    """Back the databases of a server up, and nothing else; return the exit status."""
    try:
        with display() as screen, _owners_alone(), _new(folder.absolute()) as unfinished:
            dumped = _dump(urls_of(url), unfinished / "databases", screen)
            _seal(unfinished, dumped, media=False)
    except (BackupError, RuntimeError, OSError, psycopg.Error) as error:
        print(f"No backup was made: {error}", file=sys.stderr)
        return 1
    print(f"{folder} holds the databases. Keep the secrets and pictures of this deployment too.")
    return 0


def take(stack: Stack, folder: Path, screen: Display) -> None:
    """Write a backup; the folder appears when it is whole. Raises BackupError, OSError."""
    with _new(folder) as unfinished:
        urls = {name: stack.postgres.url(database_name(name)) for name in SERVICES}
        dumped = _dump(urls, unfinished / "databases", screen)
        # The provider's log is another company's, and goes on meanwhile. Pictures are written
        # before the rows that name them, and never changed.
        screen.phase("Copying pictures, secrets and the sandbox provider's log")
        media = _copy_media(stack, unfinished / "media")
        shutil.copytree(stack.home.secrets, unfinished / "secrets")
        _copy_sandbox(stack.home.sandbox_log, unfinished / "sandbox.log")
        if stack.home.demo_marker.exists():
            shutil.copy(stack.home.demo_marker, unfinished / "demo-loaded")
        screen.done("Pictures and secrets" if media else "Secrets; pictures are not in the home")
        _seal(unfinished, dumped, media=media)


@contextlib.contextmanager
def _new(folder: Path) -> Iterator[Path]:
    """Give an unfinished folder, which gets its name once all is in it."""
    if folder.exists():
        raise BackupError(f"{folder} is there already: name a new folder")
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    unfinished.rename(folder)
    sync_folder(folder.parent)


@dataclass(frozen=True)
class _Dumped:
    at: str
    revisions: Mapping[str, str]
    rows: Mapping[str, Mapping[str, int]]


def _dump(urls: Mapping[str, str], folder: Path, screen: Display) -> _Dumped:
    """Dump databases as they are at one moment."""
    folder.mkdir()
    screen.phase("Finding a moment at which nobody writes")
    with common_moment(urls) as moment:
        screen.done(f"Databases as of {moment.at:%Y-%m-%d %H:%M:%S}", moment.writers_waited_s)
        for name, url in urls.items():
            began = time.monotonic()
            screen.phase(f"Dumping {name}")
            file = folder / f"{name}.dump"
            snapshot = moment.snapshots[name]
            run_client(
                "pg_dump", url, "--format=custom", f"--snapshot={snapshot}", f"--file={file}"
            )
            screen.done(f"{name}: {sum(moment.rows[name].values())} rows", time.monotonic() - began)
        revisions = {name: _revision(url) for name, url in urls.items()}
        return _Dumped(moment.at.isoformat(), revisions, moment.rows)


def _seal(folder: Path, dumped: _Dumped, *, media: bool) -> None:
    seal(
        folder,
        version=version("soko-devstack"),
        at=dumped.at,
        revisions=dumped.revisions,
        rows=dumped.rows,
        media=media,
    )


def _copy_media(stack: Stack, target: Path) -> bool:
    """Copy the pictures, if they lie in the home; tell whether they do."""
    source = stack.home.media
    if stack.environment("catalog")["SOKO_MEDIA_URL"] != source.resolve().as_uri():
        return False

    def copy(name: str, to: str) -> str:
        # A picture that is deleted meanwhile is one that nobody names any more.
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(name, to)
        return to

    shutil.copytree(source, target, copy_function=copy)
    return True


def _copy_sandbox(log: Path, target: Path) -> None:
    if not log.exists():
        return
    with (
        contextlib.closing(sqlite3.connect(log)) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _revision(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


@contextlib.contextmanager
def _owners_alone() -> Iterator[None]:
    """Make files that nobody else may read."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
