"""What a backup consists of. It is written last, so that a backup without it is none."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from devstack.backup import BackupError

FILE = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """One backup."""

    format: int
    version: str
    """Of Soko."""
    at: str
    """The moment that it shows, ISO 8601."""
    revisions: Mapping[str, str]
    """The newest migration of each database."""
    rows: Mapping[str, Mapping[str, int]]
    """How many rows each table of each database has."""
    media: bool
    """Whether the pictures are in it; those in an object store are not."""
    files: Mapping[str, str]
    """Every file's SHA-256, by its path in the backup."""


def seal(
    folder: Path,
    *,
    version: str,
    at: str,
    revisions: Mapping[str, str],
    rows: Mapping[str, Mapping[str, int]],
    media: bool,
) -> Manifest:
    """Write the manifest of all that lies in a folder, durably."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = _digest(path, sync=True)
    manifest = Manifest(_FORMAT, version, at, revisions, rows, media, files)
    path = folder / FILE
    path.write_text(json.dumps(asdict(manifest), indent=1) + "\n")
    _digest(path, sync=True)
    for directory in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(directory)
    return manifest


def verify(folder: Path) -> Manifest:
    """Return a folder's manifest after comparing every file with it; raises BackupError."""
    try:
        document = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        raise BackupError(f"{folder} holds no whole backup: {FILE} is missing") from None
    except ValueError:
        raise BackupError(f"{folder}/{FILE} is damaged") from None
    if document.get("format") != _FORMAT:
        raise BackupError(f"{folder} is a backup of another format than this version reads")
    manifest = Manifest(**document)
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file() or _digest(path) != digest:
            raise BackupError(f"{path} is missing or damaged: this backup cannot be used")
    return manifest


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path, *, sync: bool = False) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        if sync:
            os.fsync(file.fileno())
    return digest.hexdigest()
